import Box from '@mui/material/Box'
import FormControlLabel from '@mui/material/FormControlLabel'
import Switch from '@mui/material/Switch'
import Typography from '@mui/material/Typography'
import { useRef } from 'react'
import { useController, useFormContext, useWatch } from 'react-hook-form'
import { Panel } from '@/shared/ui/Panel'
import { useFormHelp } from '../context'
import { sidesOf, type FormValues } from '../model'
import { ProblemNote } from '../ProblemNote'
import { endsWithoutRule } from '../risk/words'
import { GroupEditor } from '../rules/GroupEditor'
import { group } from '../rules/model'

type RuleName = keyof FormValues['rules']

const WORDS: Record<RuleName, { title: string; lead: string; optional?: string }> = {
  entry: { title: 'Entry rule', lead: 'Buys when, at the end of a bar,' },
  exit: { title: 'Exit rule', lead: 'Sells when, at the end of a bar,', optional: 'Sell by a rule' },
  short_entry: { title: 'Short entry rule', lead: 'Sells short when, at the end of a bar,' },
  short_exit: { title: 'Short exit rule', lead: 'Buys back when, at the end of a bar,', optional: 'Buy back by a rule' },
}

/** The rule to open a position on a side, or the one to close it, which may be left to stop and target. */
export function RuleSection({ side }: { side: RuleName }) {
  const { control } = useFormContext<FormValues>()
  const { field } = useController({ control, name: `rules.${side}` })
  const { touch } = useFormHelp()
  const { title, lead, optional } = WORDS[side]
  const path = `rules.${side}`
  const switchedOff = useRef<FormValues['rules'][RuleName]>(null)
  const toggle = (on: boolean) => {
    if (!on) switchedOff.current = field.value
    field.onChange(on ? (switchedOff.current ?? group('all', [])) : null)
    touch(path)
  }
  return (
    <Panel
      title={title}
      aside={
        optional && (
          <FormControlLabel
            label={optional}
            control={<Switch size="small" checked={field.value !== null} onChange={(_, on) => toggle(on)} />}
          />
        )
      }
    >
      {field.value === null ? (
        <NoExitRule path={path} />
      ) : (
        <GroupEditor rule={field.value} path={path} lead={lead} onChange={(rule) => field.onChange(rule)} />
      )}
      {side === 'entry' && <OnlyShort />}
    </Panel>
  )
}

function NoExitRule({ path }: { path: string }) {
  const risk = useWatch<FormValues, 'risk_management'>({ name: 'risk_management' })
  return (
    <Box>
      <Typography variant="body2" sx={{ color: 'text.secondary' }}>
        No exit rule. Positions close when: {endsWithoutRule(risk)}.
      </Typography>
      <ProblemNote anchor={path} />
    </Box>
  )
}

/** Why the empty rule to buy is no mistake: this bot trades on the other side. */
function OnlyShort() {
  const rules = useWatch<FormValues, 'rules'>({ name: 'rules' })
  if (sidesOf(rules).long) return null
  return (
    <Typography variant="caption" component="p" sx={{ color: 'text.secondary', mt: 2 }}>
      Left empty, this bot never buys first: it only sells short.
    </Typography>
  )
}

type ShortRules = Pick<FormValues['rules'], 'short_entry' | 'short_exit'>
const NO_SHORT: ShortRules = { short_entry: null, short_exit: null }
const pickShort = ({ short_entry, short_exit }: ShortRules): ShortRules => ({ short_entry, short_exit })

/** The switch that adds the rules of the short side; what they said comes back with it. */
export function ShortSide() {
  const { control, getValues, setValue } = useFormContext<FormValues>()
  const { touch } = useFormHelp()
  const shortEntry = useWatch({ control, name: 'rules.short_entry' })
  const on = shortEntry !== null
  const switchedOff = useRef<ShortRules>({ short_entry: group('all', []), short_exit: null })
  const toggle = (next: boolean) => {
    const rules = getValues('rules')
    if (!next) switchedOff.current = rules
    setValue('rules', { ...rules, ...(next ? pickShort(switchedOff.current) : NO_SHORT) }, { shouldDirty: true })
    touch('rules.short_entry')
    touch('rules.short_exit')
  }
  return (
    <>
      <Panel
        title="Short side"
        aside={
          <FormControlLabel label="Also sells short" control={<Switch size="small" checked={on} onChange={(_, next) => toggle(next)} />} />
        }
      >
        <Typography variant="body2" sx={{ color: 'text.secondary' }}>
          {on
            ? 'Sells what it does not own and buys it back later: it gains when the price falls, and loses without a limit when it rises. Keep a stop-loss.'
            : 'Off: it only buys first and sells later.'}
        </Typography>
        {!on && <ProblemNote anchor="rules.short_entry" />}
      </Panel>
      {on && <RuleSection side="short_entry" />}
      {on && <RuleSection side="short_exit" />}
    </>
  )
}
