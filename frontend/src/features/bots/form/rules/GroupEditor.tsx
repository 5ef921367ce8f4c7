import Box from '@mui/material/Box'
import Button from '@mui/material/Button'
import MenuItem from '@mui/material/MenuItem'
import TextField from '@mui/material/TextField'
import Typography from '@mui/material/Typography'
import { useState } from 'react'
import { useWatch } from 'react-hook-form'
import { AddIcon } from '@/shared/ui/icons'
import { useFormHelp } from '../context'
import type { FormValues } from '../model'
import { ProblemNote } from '../ProblemNote'
import { ConditionRow } from './ConditionRow'
import { RareCountField } from './CountField'
import { firstCondition, heldFor, isComparing } from './edit'
import { MemberButtons } from './MemberButtons'
import { group, not, type GroupForm, type RuleForm } from './model'

/** Groups may be put into groups down to here; deeper stored ones are shown and kept all the same. */
const DEEPEST = 2

interface Props<Rule extends RuleForm> {
  rule: Rule
  /** Where the rule stands in the request, and so where its problems are shown. */
  path: string
  onChange: (rule: Rule) => void
  depth?: number
}

/** A group of conditions: all of them, or any of them. */
export function GroupEditor({ rule, path, onChange, lead, depth = 0 }: Props<GroupForm> & { lead?: string }) {
  const { touch, catalogue } = useFormHelp()
  const indicators = useWatch<FormValues, 'indicators'>({ name: 'indicators' })
  const change = (of: RuleForm[]) => {
    onChange({ ...rule, of })
    touch(path)
  }
  const start = () => firstCondition(indicators, catalogue)
  return (
    <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: 'minmax(0, 1fr)' }}>
      <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 2 }}>
        {lead && <Typography variant="body2">{lead}</Typography>}
        <TextField
          select
          label="Match"
          value={rule.type}
          onChange={(event) => {
            onChange({ ...rule, type: event.target.value as GroupForm['type'] })
            touch(path)
          }}
          sx={{ width: 190 }}
        >
          <MenuItem value="all">all of these hold</MenuItem>
          <MenuItem value="any">any of these holds</MenuItem>
        </TextField>
      </Box>
      <ProblemNote anchor={path} />
      {rule.of.map((member, index) => (
        <MemberEditor
          key={member.key}
          joint={index === 0 ? null : rule.type === 'all' ? 'and' : 'or'}
          rule={member}
          number={index + 1}
          path={`${path}.of.${index}`}
          depth={depth + 1}
          onChange={(next) => onChange({ ...rule, of: rule.of.with(index, next) })}
          onRemove={() => change(rule.of.toSpliced(index, 1))}
        />
      ))}
      <Box sx={{ display: 'flex', flexWrap: 'wrap', gap: 2 }}>
        <Button startIcon={<AddIcon />} onClick={() => change([...rule.of, start()])}>Add condition</Button>
        {depth < DEEPEST && (
          <Button startIcon={<AddIcon />} onClick={() => change([...rule.of, group(rule.type === 'all' ? 'any' : 'all', [start()])])}>
            Add group
          </Button>
        )}
      </Box>
    </Box>
  )
}

interface MemberProps extends Props<RuleForm> {
  /** The word between this member and the one before. */
  joint: 'and' | 'or' | null
  number: number
  depth: number
  onRemove: () => void
}

/** A member of a group: a condition or a group of its own, perhaps held for several bars, or the opposite. */
function MemberEditor({ rule, joint, number, path, depth, onChange, onRemove }: MemberProps) {
  const [asked, setAsked] = useState(false)
  const { touch } = useFormHelp()
  const { negated, held, core, innerPath, corePath } = peeled(rule, path)
  const changeInner = (next: RuleForm) => onChange(negated ? { ...negated, of: next } : next)
  const changeCore = (next: RuleForm) => changeInner(held ? { ...held, of: next } : next)
  const compares = isComparing(core)
  const buttons = (
    <MemberButtons
      negated={negated !== null}
      name={compares ? `condition ${number}` : `group ${number}`}
      details={compares ? { shown: asked, onToggle: () => setAsked(!asked) } : null}
      onNegate={() => {
        onChange(negated ? { ...negated.of, key: rule.key } : not(rule, rule.key))
        touch(path)
      }}
      onRemove={onRemove}
    />
  )
  const heldField = (
    <RareCountField
      shown={held !== null || (compares && asked)}
      label="Bars in a row"
      name="Bars in a row"
      hint="Empty: one is enough."
      anchor={`${innerPath}.bars`}
      value={held?.bars ?? ''}
      onChange={(bars) => changeInner(heldFor(held ?? core, bars))}
    />
  )
  return (
    <>
      {joint && <Typography variant="caption" sx={{ color: 'text.secondary', fontWeight: 600 }}>{joint}</Typography>}
      <Box role="group" aria-label={`${compares ? 'Condition' : 'Group'} ${number}`} sx={compares ? undefined : NESTED}>
        {negated && <ProblemNote anchor={path} />}
        {held && <ProblemNote anchor={innerPath} />}
        {compares ? (
          <ConditionRow rule={core} path={corePath} onChange={changeCore} detailed={asked} held={heldField} buttons={buttons} />
        ) : (
          <Box sx={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) auto', alignItems: 'start', gap: 2 }}>
            <Box sx={{ display: 'grid', gap: 2, gridTemplateColumns: 'minmax(0, 1fr)' }}>
              {held && <Box sx={{ maxWidth: 190 }}>{heldField}</Box>}
              {core.type === 'not' || core.type === 'held' ? (
                <MemberEditor rule={core} joint={null} number={1} path={corePath} depth={depth} onChange={changeCore} onRemove={onRemove} />
              ) : (
                <GroupEditor rule={core} path={corePath} depth={depth} onChange={changeCore} />
              )}
            </Box>
            {buttons}
          </Box>
        )}
      </Box>
    </>
  )
}

/** What a member is beneath its "not" and its "held for", and where these stand in the request. */
function peeled(rule: RuleForm, path: string) {
  const negated = rule.type === 'not' ? rule : null
  const inner = negated ? negated.of : rule
  const held = inner.type === 'held' ? inner : null
  const innerPath = negated ? `${path}.of` : path
  return { negated, held, core: held ? held.of : inner, innerPath, corePath: held ? `${innerPath}.of` : innerPath }
}

const NESTED = { p: 3, border: 1, borderColor: 'divider', borderRadius: 1, bgcolor: 'background.default' } as const
