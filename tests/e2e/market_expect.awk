# market_expect.awk - what the market service should answer, worked out from
# the CSV files by other means than its own: another language, other orders of
# summation, other forms of the same formulas.
#
#	LC_ALL=C awk -f market_expect.awk DIR/*.csv
#
# Writes lines METHOD TAB TARGET TAB BODY TAB STATUS TAB JSON; BODY is "-" for a
# GET, JSON is "-" for an error, whose text is not foretold.

# Split a line into f[1..], undoing quotes; returns how many.
function fields(line,    n, c, i, quoted)
{
	sub(/\r$/, "", line)
	if (line !~ /"/)
		return split(line, f, ",")
	n = 1
	f[1] = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "\"")
			quoted = !quoted
		else if (c == "," && !quoted)
			f[++n] = ""
		else
			f[n] = f[n] c
	}
	return n
}

function know(symbol, k)
{
	if (!(symbol in kind)) {
		kind[symbol] = k
		name[++n_symbols] = symbol
	}
}

FNR == 1 {
	which = FILENAME
	sub(/.*\//, "", which)
	next
}

{
	n_fields = fields($0)
	s = f[1]
}

which == "ohlcv-daily.csv" || which == "closes-daily.csv" {
	know(s, which ~ /^ohlcv/ ? "ohlcv" : "close")
	i = rows[s]++
	date[s, i] = f[2]
	close_at = which ~ /^ohlcv/ ? 6 : 3
	row[s, i] = "\"date\":\"" f[2] "\""
	if (which ~ /^ohlcv/)
		row[s, i] = row[s, i] ",\"open\":" num(f[3]) ",\"high\":" \
		    num(f[4]) ",\"low\":" num(f[5]) ",\"close\":" num(f[6]) \
		    ",\"volume\":" num(f[7])
	else
		row[s, i] = row[s, i] ",\"open\":null,\"high\":null," \
		    "\"low\":null,\"close\":" num(f[3]) ",\"volume\":null"
	if (f[close_at] != "") {
		price[s, closes[s] + 0] = f[close_at]
		price_date[s, closes[s] + 0] = f[2]
		closes[s]++
	}
}

which ~ /^sp500/ {
	know(s, "company")
	if (!(s in title)) {
		title[s] = f[2]
		sector[s] = f[3]
	}
	if (which ~ /financials/)
		eps[s] = f[7]
}

function num(text)
{
	return text == "" ? "null" : text
}

function exact(x)
{
	return sprintf("%.17g", x)
}

function str(text)
{
	gsub(/["\\]/, "\\\\&", text)
	return "\"" text "\""
}

function or_null(a, key)
{
	return key in a && a[key] != "" ? str(a[key]) : "null"
}

function url(text)
{
	gsub(/\^/, "%5E", text)
	return text
}

function get(target, status, json)
{
	print "GET\t" target "\t-\t" status "\t" json
}

function paging(page, limit, total,    pages)
{
	pages = int((total + limit - 1) / limit)
	return "\"page\":" page ",\"limit\":" limit ",\"total\":" total \
	    ",\"totalPages\":" pages ",\"hasNext\":" \
	    (page < pages ? "true" : "false") ",\"hasPrev\":" \
	    (page > 1 ? "true" : "false")
}

function sort_names(    gap, i, j, t)
{
	for (gap = int(n_symbols / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= n_symbols; i++) {
			t = name[i]
			for (j = i; j > gap && name[j - gap] "" > t ""; j -= gap)
				name[j] = name[j - gap]
			name[j] = t
		}
}

function expect_symbols(limit,    page, i, s, data)
{
	for (page = 1; page <= int((n_symbols + limit - 1) / limit) + 1; page++) {
		data = ""
		for (i = (page - 1) * limit + 1;
		    i <= page * limit && i <= n_symbols; i++) {
			s = name[i]
			data = data (data == "" ? "" : ",") "{\"symbol\":" \
			    str(s) ",\"name\":" or_null(title, s) \
			    ",\"sector\":" or_null(sector, s) ",\"kind\":" \
			    str(kind[s]) ",\"from\":" \
			    (rows[s] ? str(date[s, 0]) : "null") ",\"to\":" \
			    (rows[s] ? str(date[s, rows[s] - 1]) : "null") \
			    ",\"rows\":" rows[s] + 0 "}"
		}
		get("/v1/symbols?limit=" limit "&page=" page, 200,
		    "{\"data\":[" data "]," paging(page, limit, n_symbols) "}")
	}
}

# from and to may be "".  All pages and one past the end.
function expect_history(s, from, to, limit,    i, n, hit, page, k, data, query)
{
	n = 0
	for (i = rows[s] - 1; i >= 0; i--)
		if ((from == "" || date[s, i] >= from) &&
		    (to == "" || date[s, i] <= to))
			hit[n++] = i
	query = (from == "" ? "" : "&from=" from) (to == "" ? "" : "&to=" to)
	for (page = 1; page <= int((n + limit - 1) / limit) + 1; page++) {
		data = ""
		for (k = (page - 1) * limit; k < page * limit && k < n; k++)
			data = data (data == "" ? "" : ",") \
			    "{" row[s, hit[k]] "}"
		get("/v1/history/" url(s) "?page=" page "&limit=" limit query,
		    200, "{\"symbol\":" str(s) ",\"data\":[" data "]," \
		    paging(page, limit, n) "}")
	}
}

function expect_indicators(s, a, b, c,    n, i, sma, ema, up, down, d, target)
{
	n = closes[s]
	target = "/v1/indicators/" url(s) "?sma=" a "&ema=" b "&rsi=" c
	if (a > n || b > n || c > n - 1) {
		get(target, 422, "-")
		return
	}
	sma = 0
	for (i = 0; i < a; i++)
		sma += price[s, n - 1 - i] / a
	ema = 0
	for (i = 0; i < b; i++)
		ema += price[s, i] / b
	for (; i < n; i++)
		ema += 2 / (b + 1) * (price[s, i] - ema)
	# Sums of Wilder's averages, each times the period: the ratio is the same.
	up = down = 0
	for (i = 1; i < n; i++) {
		if (i > c) {
			up -= up / c
			down -= down / c
		}
		d = price[s, i] - price[s, i - 1]
		if (d > 0)
			up += d
		else
			down -= d
	}
	get(target, 200, "{\"symbol\":" str(s) ",\"date\":" \
	    str(price_date[s, n - 1]) ",\"sma\":" exact(sma) ",\"ema\":" \
	    exact(ema) ",\"rsi\":" \
	    exact(down == 0 ? 100 : 100 * up / (up + down)) "}")
}

function move(s)
{
	return "{\"symbol\":" str(s) ",\"close\":" price[s, closes[s] - 1] \
	    ",\"change\":" exact(change[s]) ",\"changePercent\":" \
	    exact(percent[s]) "}"
}

function expect_summary(    i, k, s, best, n, used, list, sign, day, count)
{
	for (i = 1; i <= n_symbols; i++) {
		s = name[i]
		if (rows[s] && date[s, rows[s] - 1] > day)
			day = date[s, rows[s] - 1]
		if (closes[s] < 2)
			continue
		change[s] = price[s, closes[s] - 1] - price[s, closes[s] - 2]
		percent[s] = 100 * change[s] / price[s, closes[s] - 2]
		count[(change[s] > 0) - (change[s] < 0)]++
	}
	for (sign = 1; sign >= -1; sign -= 2) {
		list[sign] = ""
		for (k = 0; k < 5; k++) {
			best = ""
			for (s in change)
				if (!((s, sign) in used) &&
				    sign * change[s] > 0 && (best == "" ||
				    sign * percent[s] > sign * percent[best]))
					best = s
			if (best == "")
				break
			used[best, sign] = 1
			list[sign] = list[sign] (k ? "," : "") move(best)
		}
	}
	get("/v1/market/summary", 200, "{\"date\":" str(day) \
	    ",\"gainers\":[" list[1] "],\"losers\":[" list[-1] \
	    "],\"advancers\":" count[1] + 0 ",\"decliners\":" count[-1] + 0 \
	    ",\"unchanged\":" count[0] + 0 "}")
}

# holdings: "A:1,B:2"; target: how the request says it.
function expect_portfolio(target, holdings,    n, i, p, q, s, last, value, data)
{
	n = split(holdings, p, ",")
	for (i = n; i >= 1; i--) {
		split(p[i], q, ":")
		s = q[1]
		last = price[s, closes[s] - 1]
		value += q[2] * last
		data = "{\"symbol\":" str(s) ",\"quantity\":" q[2] \
		    ",\"date\":" str(price_date[s, closes[s] - 1]) \
		    ",\"close\":" last ",\"value\":" exact(q[2] * last) "}" \
		    (data == "" ? "" : ",") data
	}
	get("/v1/portfolio/summary" target, 200, "{\"positions\":[" data \
	    "],\"value\":" exact(value) "}")
}

function expect_dcf(s, g, r, tg, years,    t, e, factor, value, body)
{
	body = "{\"years\":" years ",\"symbol\":" str(s) ",\"growthRate\":" g \
	    ",\"terminalGrowth\":" tg ",\"discountRate\":" r "}"
	if (!(s in kind)) {
		print "POST\t/v1/dcf\t" body "\t404\t-"
		return
	}
	if (!(s in eps) || eps[s] == "" || eps[s] <= 0) {
		print "POST\t/v1/dcf\t" body "\t422\t-"
		return
	}
	factor = (1 + g) / (1 + r)
	e = eps[s] + 0
	value = 0
	for (t = 1; t <= years; t++) {
		e *= factor
		value += e
	}
	value += e * (1 + tg) / (r - tg)
	print "POST\t/v1/dcf\t" body "\t200\t{\"symbol\":" str(s) ",\"eps\":" \
	    eps[s] ",\"growthRate\":" g ",\"discountRate\":" r \
	    ",\"terminalGrowth\":" tg ",\"years\":" years \
	    ",\"valuePerShare\":" exact(value) "}"
}

END {
	sort_names()
	expect_symbols(20)
	expect_symbols(100)
	all = ""
	for (k = 1; k <= n_symbols; k++) {
		s = name[k]
		quote = "/v1/quotes/" url(s)
		if (s in eps) {
			expect_dcf(s, 0.08, 0.1, 0.025, 10)
			expect_dcf(s, -0.05, 0.3, -0.1, 50)
		}
		if (!rows[s]) {
			get(quote, 404, "-")
			get("/v1/history/" url(s), 404, "-")
			get("/v1/indicators/" url(s), 404, "-")
			get("/v1/portfolio/summary?holdings=" s ":1", 404, "-")
			continue
		}
		get(quote, 200, "{\"symbol\":" str(s) "," \
		    row[s, rows[s] - 1] "}")
		expect_history(s, "", "", 100)
		expect_history(s, "2017-01-01", "2017-02-28", 20)
		expect_history(s, "2018-01-05", "2018-01-05", 1)
		expect_history(s, "2020-04-01", "", 77)
		expect_history(s, "", "1990-12-31", 33)
		expect_indicators(s, 20, 20, 14)
		expect_indicators(s, 1, 1, 1)
		expect_indicators(s, 5, 50, 7)
		expect_indicators(s, 200, 500, 100)
		expect_indicators(s, closes[s], closes[s], closes[s] - 1)
		expect_indicators(s, closes[s] + 1, 20, 14)
		expect_indicators(s, 20, closes[s] + 1, 14)
		expect_indicators(s, 20, 20, closes[s])
		expect_portfolio("?holdings=" url(s) ":" k / 8, s ":" k / 8)
		all = all (all == "" ? "" : ",") s ":" k
	}
	expect_portfolio("?holdings=" url(all), all)
	expect_portfolio("", "AAPL:10,TSLA:5")
	expect_summary()
	expect_dcf("NOPE", 0.1, 0.2, 0, 5)
	expect_dcf("WTI", 0.1, 0.2, 0, 5)
	get("/v1/quotes/NOPE", 404, "-")
}
