// Numbers as a person reads them. Decimals arrive as strings; nothing here rounds what is stored.

const MINUS = '\u2212'
export const NOTHING = '\u2014'

type Value = string | number | null | undefined

function fixed(value: Value, minimum: number, maximum: number, sign: boolean): string {
  if (value === null || value === undefined || value === '') return NOTHING
  const number = Number(value)
  if (!Number.isFinite(number)) return NOTHING
  const text = new Intl.NumberFormat('en-US', {
    minimumFractionDigits: minimum,
    maximumFractionDigits: maximum,
    signDisplay: sign ? 'exceptZero' : 'negative',
  }).format(number)
  return text.replace('-', MINUS)
}

/** `1,250.50`; the unit stands in the label or column header. */
export const money = (value: Value): string => fixed(value, 2, 2, false)

/** `+12.30`, `−4.00`, `0.00`. */
export const signedMoney = (value: Value): string => fixed(value, 2, 2, true)

/** `$1,250.50`, `−$4.00`: for sentences, where no header gives the unit. */
export function dollars(value: Value): string {
  const text = fixed(value, 2, 2, false)
  if (text === NOTHING) return text
  return text.startsWith(MINUS) ? `${MINUS}$${text.slice(1)}` : `$${text}`
}

/** `+$12.30`, `−$4.00`: gains and losses where no header gives the unit. */
export function signedDollars(value: Value): string {
  const text = fixed(value, 2, 2, true)
  return text === NOTHING ? text : text.replace(/^([+\u2212]?)/, '$1$$')
}

/** A price: at least two decimals, at most four. */
export const price = (value: Value): string => fixed(value, 2, 4, false)

/** Shares or coins: as many decimals as there are, at most nine. */
export const quantity = (value: Value): string => fixed(value, 0, 9, false)

/** `+1.25%`; `value` is in percent already. */
export function signedPercent(value: Value): string {
  const text = fixed(value, 2, 2, true)
  return text === NOTHING ? text : `${text}%`
}

/** A number of a decision or an indicator: up to four decimals. */
export const plain = (value: Value): string => fixed(value, 0, 4, false)

/** Which way a figure points, as the page colours it: what rounds to 0.00 points nowhere. */
export function direction(value: Value): 'up' | 'down' | 'flat' {
  const number = Number(value ?? 0)
  if (!Number.isFinite(number) || Math.abs(number) < 0.005) return 'flat'
  return number > 0 ? 'up' : 'down'
}

/** `1 bot`, `2 bots`. */
export const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
