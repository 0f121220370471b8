-- ARGV: the consumer; then stream, id, attempts and reason of each job.
local consumer = ARGV[1]
for place = 2, #ARGV, 4 do
  local urgency, id = tonumber(ARGV[place]), ARGV[place + 1]
  local stream = streams[urgency]
  if has(stream, id, consumer) then
    local _, body = entry(stream, id)
    if body then
      redis.call('XADD', dead, '*', 'a', ARGV[place + 2], 'b', body, 'r', ARGV[place + 3], 'u', urgency)
    end
    remove(stream, id)
  end
end
return 1
