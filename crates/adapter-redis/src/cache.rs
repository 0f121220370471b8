//! The cache that instances share. A topic is a hash of its values and its turn; dropping it takes
//! the values and begins the next turn in one step, so what was read before is not kept after.

use crate::node::{Node, script};
use admitone_app::Trouble;
use admitone_app::ports::cache::{Cache, Cached};
use async_trait::async_trait;
use redis::Script;

/// KEYS: the values, the turn. ARGV: the name. The turn outlives the values by far.
const GET: &str =
    "return { redis.call('GET', KEYS[2]) or '0', redis.call('GET', KEYS[1] .. ARGV[1]) }";
const PUT: &str = "if (redis.call('GET', KEYS[2]) or '0') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1] .. ARGV[1], ARGV[3], 'PX', ARGV[4])
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[4] * 2)
return 1";
const DROP: &str = "for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  redis.call('UNLINK', KEYS[1] .. name)
end
redis.call('DEL', KEYS[1])
local time = redis.call('TIME')
local turn = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, time[1] * 1000)
redis.call('SET', KEYS[2], string.format('%d', turn), 'EX', 86400)
return 1";

/// A cache on a server.
pub struct RedisCache {
    node: Node,
    prefix: String,
    ttl_ms: u64,
    scripts: [Script; 3],
}

impl RedisCache {
    /// Values are good for so long.
    pub fn new(node: Node, prefix: &str, ttl_ms: u64) -> Self {
        let scripts = [GET, PUT, DROP].map(script);
        Self { node, prefix: prefix.to_owned(), ttl_ms, scripts }
    }

    fn keys(&self, topic: &str) -> [String; 2] {
        ["values", "turn"].map(|what| format!("{}:cache:{{{topic}}}:{what}:", self.prefix))
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, topic: &str, name: &str) -> Result<Cached, Trouble> {
        let [values, turn] = self.keys(topic);
        let mut call = self.scripts[0].prepare_invoke();
        call.key(values).key(turn).arg(name);
        let (turn, value) = self.node.run("look into the cache", &call).await?;
        Ok(Cached { value, turn })
    }

    async fn put(&self, topic: &str, name: &str, value: &[u8], turn: u64) -> Result<(), Trouble> {
        let [values, turns] = self.keys(topic);
        let mut call = self.scripts[1].prepare_invoke();
        call.key(values).key(turns).arg(name).arg(turn).arg(value).arg(self.ttl_ms);
        self.node.run::<u64>("put into the cache", &call).await.map(|_| ())
    }

    async fn drop_topic(&self, topic: &str) -> Result<(), Trouble> {
        let [values, turn] = self.keys(topic);
        let mut call = self.scripts[2].prepare_invoke();
        call.key(values).key(turn);
        self.node.run::<u64>("drop from the cache", &call).await.map(|_| ())
    }
}
