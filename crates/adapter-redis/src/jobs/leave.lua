-- ARGV: the consumer. What it has is anybody's at once, and was not tried.
for _, stream in ipairs(streams) do
  if redis.call('EXISTS', stream) == 1 then
    for _, pending in ipairs(redis.call('XPENDING', stream, group, '-', '+', 10000, ARGV[1])) do
      redis.call('XCLAIM', stream, group, 'left', 0, pending[1],
        'IDLE', 100000000, 'RETRYCOUNT', math.max(0, pending[4] - 1), 'JUSTID')
    end
    redis.call('XGROUP', 'DELCONSUMER', stream, group, ARGV[1])
  end
end
return 1
