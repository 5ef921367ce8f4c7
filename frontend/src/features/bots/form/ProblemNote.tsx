import FormHelperText from '@mui/material/FormHelperText'
import { useProblem } from './context'

/** What is wrong at a place that is no single field: a group, a row, a list. */
export function ProblemNote({ anchor }: { anchor: string }) {
  const problem = useProblem(anchor)
  if (problem === null) return null
  return (
    <FormHelperText error role="alert" data-problem tabIndex={-1} sx={{ mt: 0 }}>
      {problem}
    </FormHelperText>
  )
}
