import Box from '@mui/material/Box'
import InputAdornment from '@mui/material/InputAdornment'
import TextField from '@mui/material/TextField'
import { Panel } from '@/shared/ui/Panel'
import { useTextField } from '../context'

export function BasicsSection() {
  return (
    <Panel title="Basics">
      <Box sx={{ display: 'grid', gap: 3, gridTemplateColumns: { xs: '1fr', sm: '2fr 1fr' } }}>
        <TextField label="Name" required slotProps={{ htmlInput: { maxLength: 80 } }} {...useTextField('name')} />
        <TextField
          label="Capital"
          required
          slotProps={{
            htmlInput: { inputMode: 'decimal' },
            input: { startAdornment: <InputAdornment position="start">$</InputAdornment> },
          }}
          {...useTextField('capital', 'What this bot may use of the account.')}
        />
      </Box>
    </Panel>
  )
}
