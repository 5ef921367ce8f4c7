import Box from '@mui/material/Box'
import FormControlLabel from '@mui/material/FormControlLabel'
import Switch from '@mui/material/Switch'
import Typography from '@mui/material/Typography'
import { useController, useFormContext } from 'react-hook-form'
import { Panel } from '@/shared/ui/Panel'
import { useFormHelp } from '../context'
import type { FormValues } from '../model'
import { ProblemNote } from '../ProblemNote'
import { GroupEditor } from '../rules/GroupEditor'
import { group } from '../rules/model'

const WORDS = {
  entry: { title: 'Entry rule', lead: 'Buys when, at the end of a bar,' },
  exit: { title: 'Exit rule', lead: 'Sells when, at the end of a bar,' },
} as const

/** The rule for buying, or the one for selling, which may be left to stop and target. */
export function RuleSection({ side }: { side: 'entry' | 'exit' }) {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name: `rules.${side}` })
  const { touch } = useFormHelp()
  const { title, lead } = WORDS[side]
  const path = `rules.${side}`
  const toggle = (on: boolean) => {
    field.onChange(on ? group('all', []) : null)
    touch(path)
  }
  return (
    <Panel
      title={title}
      aside={
        side === 'exit' && (
          <FormControlLabel
            label="Sell by a rule"
            control={<Switch size="small" checked={field.value !== null} onChange={(_, on) => toggle(on)} />}
          />
        )
      }
    >
      {field.value === null ? (
        <Box>
          <Typography variant="body2" sx={{ color: 'text.secondary' }}>
            No exit rule: positions close at the stop-loss or the take-profit.
          </Typography>
          <ProblemNote anchor={path} />
        </Box>
      ) : (
        <GroupEditor rule={field.value} path={path} lead={lead} onChange={(rule) => field.onChange(rule)} />
      )}
    </Panel>
  )
}
