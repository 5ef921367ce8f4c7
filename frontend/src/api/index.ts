// The one door to the generated client: features import from here.
import type { Webhooks } from './generated/types.gen'

export * from './generated/@tanstack/react-query.gen'
export * from './generated/types.gen'
export { drawChart, listBars, previewBacktest } from './generated/sdk.gen'
export { client } from './generated/client.gen'
export { ApiError, apiError, retryable } from './errors'

/** Every message of the socket: a union on `type`. */
export type Message = Webhooks['body']
/** The message of one type. */
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>
/** Messages with a number: each must be seen once, in order. */
export type Fact = Exclude<Extract<Message, { number: number }>, MessageOf<'hello'>>
