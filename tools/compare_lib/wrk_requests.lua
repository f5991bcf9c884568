-- SPDX-License-Identifier: MIT
-- The requests of one kind of load, in random order, and at the end one line of JSON with what became of them.
-- Arguments: the method, and a file with a request in each line: its path, a tab, and its body.
local requests = {}

function init(arguments)
  math.randomseed(os.time())
  for line in io.lines(arguments[2]) do
    local path, body = line:match("^([^\t]*)\t(.*)$")
    requests[#requests + 1] = wrk.format(arguments[1], path, nil, body ~= "" and body or nil)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"duration_us":%d,"p50_us":%d,"p99_us":%d,'
      .. '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
