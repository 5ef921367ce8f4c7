// Whether the form can be sent at all: numbers are numbers. Whether it makes sense, the server says.
import { z } from 'zod'
import type { FieldError, IndicatorOut } from '@/api'
import type { FormValues } from './model'
import { digits, isWhole } from './numbers'
import { isShown, RISK_NUMBERS, riskProblem, type RiskForm } from './risk/model'

const number = z.string().refine((text) => digits(text) !== null, 'Enter a number.')
const whole = z.string().refine(isWhole, 'Enter a whole number.')
const clock = z.string().regex(/^\d\d:\d\d$/, 'Enter a time.')

const operand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('constant'), value: number }),
  z.object({ type: z.literal(['indicator', 'price']), ago: whole }),
  z.object({ type: z.literal('change'), of: z.object({ ago: whole }), bars: whole }),
])

const rule: z.ZodType = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('condition'), left: operand, right: operand }),
    z.object({ type: z.literal(['all', 'any']), of: z.array(rule) }),
    z.object({ type: z.literal('not'), of: rule }),
    z.object({ type: z.literal('held'), of: rule, bars: whole }),
    z.object({ type: z.literal('between'), value: operand, low: operand, high: operand }),
    z.object({ type: z.literal('trend'), value: operand, bars: whole }),
  ]),
)

/** Each parameter by the type that the catalogue gives it; the names of choices need no check. */
const indicator = (catalogue: readonly IndicatorOut[]) =>
  z.object({ name: z.string(), params: z.record(z.string(), z.string()) }).superRefine(({ name, params }, context) => {
    const entry = catalogue.find((known) => known.name === name)
    for (const [key, text] of Object.entries(params)) {
      const type = entry?.parameters.find((parameter) => parameter.name === key)?.type
      if (type === undefined || type === 'choice') continue
      const [issue] = (type === 'int' ? whole : number).safeParse(text).error?.issues ?? []
      if (issue) context.addIssue({ code: 'custom', path: ['params', key], message: issue.message })
    }
  })

/** Each number that the form shows, by what is chosen; the others are sent as they were. */
const risk = z.custom<RiskForm>().superRefine((form, context) => {
  for (const name of RISK_NUMBERS) {
    const message = isShown(name, form) ? riskProblem(name, form) : null
    if (message !== null) context.addIssue({ code: 'custom', path: [name], message })
  }
})

const sendable = (catalogue: readonly IndicatorOut[]) => z.object({
  capital: number,
  indicators: z.array(indicator(catalogue)),
  rules: z.object({ entry: rule, exit: rule.nullable(), short_entry: rule.nullable(), short_exit: rule.nullable() }),
  risk_management: risk,
  window: z.discriminatedUnion('all_day', [
    z.object({ all_day: z.literal(true) }),
    z.object({ all_day: z.literal(false), start: clock, end: clock }),
  ]),
})

/** What keeps the form from being sent, by path; empty when nothing does. */
export function unsendable(values: FormValues, catalogue: readonly IndicatorOut[]): FieldError[] {
  const { error } = sendable(catalogue).safeParse(values)
  return error?.issues.map(({ path, message }) => ({ field: path.join('.'), message })) ?? []
}
