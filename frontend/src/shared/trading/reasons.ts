// Why a position was left, in a few words.
import type { BacktestTrade } from '@/api'

const REASONS: Record<BacktestTrade['reason'], string> = {
  signal: 'Exit rule',
  scale_in: 'Scaled in',
  stopping: 'Stopped',
  unfinished: 'Exit of before',
  daily_loss: 'Daily loss limit',
  drawdown: 'Drawdown limit',
  window_end: 'End of the window',
  time_stop: 'Time stop',
  stop_touched: 'Stop',
  target_touched: 'Target',
  entry_chased: 'Entry moved',
  entry_expired: 'Entry expired',
  entry_withdrawn: 'Entry withdrawn',
}

export const exitWords = ({ reason }: Pick<BacktestTrade, 'reason'>): string => REASONS[reason]
