// One node of a clustered broker: node broker.mjs PORT REDIS_PORT
import { createServer } from 'node:net'
import { Aedes } from 'aedes'
import persistence from 'aedes-persistence-redis'
import emitter from 'mqemitter-redis'

const [port, redis] = process.argv.slice(2).map(Number)
const broker = await Aedes.createBroker({
  id: `node-${port}`,
  persistence: persistence({ port: redis, host: '127.0.0.1' }),
  mq: emitter({ port: redis, host: '127.0.0.1' }),
  concurrency: 1000,
  heartbeatInterval: 1000 // so soon the other node sends the wills of a dead one's clients
})
createServer({ backlog: 4096 }, broker.handle).listen(port, '127.0.0.1')
