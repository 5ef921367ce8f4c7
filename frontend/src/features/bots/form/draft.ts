// What was typed and not saved, kept in this browser: a reload or a crash takes nothing.
import { useEffect, useState } from 'react'
import type { UseFormReturn } from 'react-hook-form'
import { age } from '@/shared/format/time'
import type { FormValues } from './model'

interface Draft {
  values: FormValues
  savedAt: number
}

const PREFIX = 'flotilla.draft.'
const SETTLED = 500 // milliseconds without a key

/** Keep the form's changes under `key`; answers with what an earlier visit left, until it is decided on. */
export function useDraft(form: UseFormReturn<FormValues>, key: string) {
  const [left, setLeft] = useState(() => {
    const draft = read(key)
    return draft && { ...draft, ago: age(Date.now() - draft.savedAt) }
  })
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = form.subscribe({
      formState: { values: true },
      callback: ({ values }) => {
        clearTimeout(timer)
        timer = setTimeout(() => {
          if (differs(values, form.formState.defaultValues as FormValues)) {
            write(key, values)
            setLeft(null)
          }
        }, SETTLED)
      },
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [form, key])
  return {
    /** How long ago the draft was left, in words; null when there is none. */
    leftAgo: left?.ago ?? null,
    restore: () => {
      if (left) form.reset(left.values, { keepDefaultValues: true })
      setLeft(null)
    },
    discard: () => {
      forget(key)
      setLeft(null)
    },
  }
}

/** The draft has become a bot, or is not wanted any more. */
export function forget(key: string): void {
  localStorage.removeItem(PREFIX + key)
}

function read(key: string): Draft | null {
  try {
    const text = localStorage.getItem(PREFIX + key)
    const draft = text === null ? null : (JSON.parse(text) as Partial<Draft>)
    return draft?.values && draft.savedAt ? { values: draft.values, savedAt: draft.savedAt } : null
  } catch {
    return null // of another version, or no storage here
  }
}

function write(key: string, values: FormValues): void {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify({ values, savedAt: Date.now() }))
  } catch {
    // A full or forbidden storage keeps nothing; the guard still asks before leaving.
  }
}

const differs = (a: FormValues, b: FormValues): boolean => JSON.stringify(a) !== JSON.stringify(b)
