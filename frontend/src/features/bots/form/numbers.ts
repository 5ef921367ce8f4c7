// Numbers as people type them: `10000.5`, `10,000.50`, `-3`.

const PLAIN = /^-?\d+(\.\d+)?$/
const GROUPED = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/

/** The digits alone (`10000.50`), or null when the text is no number. */
export function digits(text: string): string | null {
  const typed = text.trim()
  if (PLAIN.test(typed)) return typed
  return GROUPED.test(typed) ? typed.replaceAll(',', '') : null
}

/** The number that the text says; NaN when it says none. */
export const numberIn = (text: string): number => Number(digits(text) ?? Number.NaN)

export const isWhole = (text: string): boolean => Number.isInteger(numberIn(text))

const UNGROUPED = new Intl.NumberFormat('en-US', { useGrouping: false, maximumFractionDigits: 20 })

/** A stored number as a person would type it: `0.0000001`, not `1e-7`. */
export function typed(value: number): string {
  const text = String(value)
  return text.includes('e') ? UNGROUPED.format(value) : text
}
