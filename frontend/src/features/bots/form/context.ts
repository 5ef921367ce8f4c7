// What every field of the form needs beside its value: the problem shown at it, the catalogue.
import { createContext, use } from 'react'
import { useController, useFormContext, type FieldPath } from 'react-hook-form'
import type { IndicatorOut } from '@/api'
import type { FormValues } from './model'
import { messageAt, type Problem } from './problems'

interface FormHelp {
  problems: readonly Problem[]
  /** The field at the anchor was changed: what was wrong with it may no longer be. */
  touch: (anchor: string) => void
  catalogue: readonly IndicatorOut[]
}

export const FormHelpContext = createContext<FormHelp>({ problems: [], touch: () => undefined, catalogue: [] })

export const useFormHelp = () => use(FormHelpContext)

/** The sentence to show at an anchor; null when nothing is wrong there. */
export const useProblem = (anchor: string): string | null => messageAt(useFormHelp().problems, anchor)

/** A text field's props: value, change, and its problem or hint below it. */
export function useTextField(name: FieldPath<FormValues>, hint?: string) {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name })
  const { touch } = useFormHelp()
  const problem = useProblem(name)
  return {
    name,
    value: typeof field.value === 'string' ? field.value : '',
    onChange: (event: { target: { value: string } }) => {
      field.onChange(event.target.value)
      touch(name)
    },
    onBlur: field.onBlur,
    error: problem !== null,
    helperText: problem ?? hint,
  }
}
