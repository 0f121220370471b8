-- ARGV: the consumer; then stream, id, delay in ms, and 1 if it counts, of each job.
local consumer, now = ARGV[1], now_ms()
local given = 0
for place = 2, #ARGV, 4 do
  local urgency, id = tonumber(ARGV[place]), ARGV[place + 1]
  local stream = streams[urgency]
  if has(stream, id, consumer) then
    local attempts, body = entry(stream, id)
    if body then
      delay(now + tonumber(ARGV[place + 2]), urgency, attempts + tonumber(ARGV[place + 3]), body)
      given = given + 1
    end
    remove(stream, id)
  end
end
if given > 0 then redis.call('HINCRBY', counts, 'retries', given) end
return given
