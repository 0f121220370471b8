-- ARGV: stream and id of each job.
local done = 0
for place = 1, #ARGV, 2 do
  done = done + remove(streams[tonumber(ARGV[place])], ARGV[place + 1])
end
if done > 0 then
  redis.call('HINCRBY', counts, 'done', done)
  local slot = base .. 'done:' .. math.floor(now_ms() / 10000)
  redis.call('INCRBY', slot, done)
  redis.call('EXPIRE', slot, 120)
end
return done
