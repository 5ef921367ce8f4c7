import TextField from '@mui/material/TextField'
import { useState } from 'react'
import { useFormHelp, useProblem } from '../context'

interface Props {
  label: string
  /** The whole name, where the label alone could be another field's. */
  name: string
  hint: string
  anchor: string
  value: string
  onChange: (text: string) => void
}

/** A number of bars. */
export function CountField({ label, name, hint, anchor, value, onChange }: Props) {
  const { touch } = useFormHelp()
  const problem = useProblem(anchor)
  return (
    <TextField
      label={label}
      value={value}
      onChange={(event) => {
        onChange(event.target.value)
        touch(anchor)
      }}
      slotProps={{ htmlInput: { inputMode: 'numeric', 'aria-label': name } }}
      error={problem !== null}
      helperText={problem ?? hint}
    />
  )
}

/** A number of bars that most rules do not need; once shown it stays, also while it is empty between two digits. */
export function RareCountField({ shown, onChange, ...props }: Props & { shown: boolean }) {
  const [kept, setKept] = useState(shown)
  if (!shown && !kept) return null
  return (
    <CountField
      {...props}
      onChange={(text) => {
        setKept(true)
        onChange(text)
      }}
    />
  )
}
