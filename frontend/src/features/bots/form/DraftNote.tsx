import Alert from '@mui/material/Alert'
import Button from '@mui/material/Button'

interface Props {
  ago: string
  onRestore: () => void
  onDiscard: () => void
}

/** Offers what an earlier visit typed and did not save. */
export function DraftNote({ ago, onRestore, onDiscard }: Props) {
  return (
    <Alert
      severity="info"
      action={
        <>
          <Button color="inherit" onClick={onDiscard}>Discard it</Button>
          <Button color="inherit" onClick={onRestore}>Go on with it</Button>
        </>
      }
    >
      You left changes unsaved here {ago} ago.
    </Alert>
  )
}
