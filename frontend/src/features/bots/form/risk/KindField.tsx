import Box from '@mui/material/Box'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useFormContext, type FieldPath } from 'react-hook-form'
import { useFormHelp, useTextField } from '../context'
import type { FormValues } from '../model'

interface Props<Kind extends string> {
  name: FieldPath<FormValues>
  label: string
  kinds: Record<Kind, { label: string; help: string }>
  /** After another kind was chosen. */
  onChosen?: (kind: Kind) => void
}

/** A choice of which each option says in a sentence what it means. */
export function KindField<Kind extends string>({ name, label, kinds, onChosen }: Props<Kind>) {
  const { setValue } = useFormContext<FormValues>()
  const { touch } = useFormHelp()
  const props = useTextField(name)
  const options = Object.entries<Props<Kind>['kinds'][Kind]>(kinds) as [Kind, Props<Kind>['kinds'][Kind]][]
  const current = options.find(([kind]) => kind === props.value)?.[1]
  return (
    <TextField
      select
      label={label}
      {...props}
      helperText={props.error ? props.helperText : current?.help}
      onChange={(event) => {
        setValue(name, event.target.value, { shouldDirty: true })
        // What is wrong with one choice (a size by risk, a target in risks) is often mended by another.
        touch('risk_management')
        onChosen?.(event.target.value as Kind)
      }}
      slotProps={{ select: { renderValue: () => current?.label } }}
    >
      {options.map(([kind, { label: name, help }]) => (
        <MenuItem key={kind} value={kind} sx={{ whiteSpace: 'normal' }}>
          <Box>
            {name}
            <Typography variant="caption" component="p" sx={{ color: 'text.secondary', maxWidth: 340 }}>{help}</Typography>
          </Box>
        </MenuItem>
      ))}
    </TextField>
  )
}
