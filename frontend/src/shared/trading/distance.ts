/** How far `level` is from `current`, in percent of `current`; null when there is no price. */
export function distancePercent(current: string, level: string): number | null {
  const from = Number(current)
  return from > 0 ? ((Number(level) - from) / from) * 100 : null
}
