-- Sends the questions of a file, a line each, one after another; prints what wrk itself does not: p99.9.

local questions = {}
local turn = 0

function init(args)
  for line in io.lines(args[1]) do
    questions[#questions + 1] = wrk.format("POST", nil, { ["Content-Type"] = "application/json" }, line)
  end
end

function request()
  turn = turn % #questions + 1
  return questions[turn]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50": %.1f, "p99": %.1f, "p999": %.1f, "failed": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
