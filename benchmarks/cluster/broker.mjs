// One node of a clustered broker: node broker.mjs PORT REDIS_PORT
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import persistence from 'aedes-persistence-redis'
import emitter from 'mqemitter-redis'

const [port, redisPort] = process.argv.slice(2).map(Number)
// Without the check: it may come after the emitter has subscribed, and then redis refuses it.
const redis = { port: redisPort, host: '127.0.0.1', enableReadyCheck: false }
const broker = await Aedes.createBroker({
  id: `node-${port}`,
  persistence: persistence(redis),
  mq: emitter(redis),
  concurrency: 1000,
  heartbeatInterval: 1000 // so soon the other node sends the wills of a dead one's clients
})
createServer({ backlog: 4096 }, broker.handle).listen(port, '127.0.0.1')
