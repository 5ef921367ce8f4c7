// The one socket. Its events are typed by the generated union; it recovers by itself.
import { io, type Socket } from 'socket.io-client'
import type { Fact, Message, MessageOf } from '@/api'
import { heard, setPhase } from './connection'
import { FactLog } from './facts'
import { prices } from './prices'

type ServerToClientEvents = { [M in Message as M['type']]: (message: M) => void }
/** The page sends nothing over the socket. */
type ClientToServerEvents = Record<string, never>

export interface Handlers {
  /** The connection stands; when it was not resumed, facts may be missing: fetch everything anew. */
  onHello: (message: MessageOf<'hello'>) => void
  onFact: (fact: Fact) => void
  onSummary: (message: MessageOf<'summary_updated'>) => void
}

/** Connect, and stay connected until the answer is called. `log` survives reconnects. */
export function connect(handlers: Handlers, log: FactLog): () => void {
  const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io({
    path: '/ws',
    transports: ['websocket'],
    auth: (send) => send({ number: log.last }),
    reconnectionDelay: 500,
    reconnectionDelayMax: 5000,
  })

  const onFact = (fact: Fact) => {
    heard()
    if (log.accept(fact, Date.now())) handlers.onFact(fact)
  }

  socket.on('connect', () => heard())
  socket.on('hello', (message) => {
    heard()
    setPhase('live')
    if (!message.resumed) {
      log.restart(message.number)
      prices.clear()
    }
    handlers.onHello(message)
  })
  socket.on('bot_status_changed', onFact)
  socket.on('bot_deleted', onFact)
  socket.on('trade_executed', onFact)
  socket.on('position_updated', onFact)
  socket.on('summary_updated', (message) => {
    heard()
    handlers.onSummary(message)
  })
  socket.on('price_update', (message) => {
    heard()
    prices.push(message.bars)
  })
  socket.on('disconnect', () => setPhase('down'))
  socket.on('connect_error', () => setPhase('down'))

  // The system knows that the network is gone long before a ping times out.
  const onOffline = () => setPhase('down')
  const onOnline = () => {
    if (socket.connected) socket.disconnect()
    socket.connect()
  }
  window.addEventListener('offline', onOffline)
  window.addEventListener('online', onOnline)
  return () => {
    window.removeEventListener('offline', onOffline)
    window.removeEventListener('online', onOnline)
    socket.close()
  }
}
