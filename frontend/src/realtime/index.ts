export { connect, type Handlers } from './socket'
export { FactLog } from './facts'
export { prices } from './prices'
export { SILENCE_MS, useConnection, useNow, useSilence, type Connection } from './connection'
