// What may be done with a bot in its present state.
import type { BotOut } from '@/api'

type State = Pick<BotOut, 'status' | 'desired_status'>

/** Stopped, and meant to be: it may be deleted, and what it kept may be sold. */
export const isAtRest = ({ status, desired_status: desired }: State): boolean =>
  desired === 'stopped' && (status === 'stopped' || status === 'error')

/** A person may ask it to run: it is meant to be stopped, or it failed. */
export const mayStart = ({ status, desired_status: desired }: State): boolean =>
  desired === 'stopped' || status === 'error'

/** A person may ask it to stop. */
export const mayStop = ({ desired_status: desired }: State): boolean => desired !== 'stopped'

/** A person may ask it to open nothing more. */
export const mayPause = ({ status, desired_status: desired }: State): boolean => desired === 'running' && status !== 'error'

/** A person may ask it to trade again. */
export const mayResume = ({ status, desired_status: desired }: State): boolean => desired === 'paused' && status !== 'error'
