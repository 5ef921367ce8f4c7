import Table from '@mui/material/Table'
import TableBody from '@mui/material/TableBody'
import TableCell from '@mui/material/TableCell'
import TableContainer from '@mui/material/TableContainer'
import TableHead from '@mui/material/TableHead'
import TableRow from '@mui/material/TableRow'
import type { Breakpoint } from '@mui/material/styles'
import type { ReactNode } from 'react'

export interface Column<Row> {
  id: string
  header: string
  cell: (row: Row) => ReactNode
  /** Numbers stand at the right, so that their decimals align. */
  numeric?: boolean
  /** Left out on screens narrower than this. */
  from?: Breakpoint
  /** Takes the width that the others leave; its content is cut where there is too little. */
  stretches?: boolean
  /** The same, on a phone only: it also shows what a column left out there would. */
  stretchesOnPhone?: boolean
  /** The column that names the row: a row header for screen readers. */
  names?: boolean
}

interface Props<Row> {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowId: (row: Row) => string
  /** Height at which the table scrolls inside itself, in pixels. */
  maxHeight?: number
  /** Rows that came after the page opened fade in. */
  fresh?: (row: Row) => boolean
}

/** A small table of live rows; long ones with filters and pages are a data grid's business. */
export function DataTable<Row>({ label, columns, rows, rowId, maxHeight, fresh }: Props<Row>) {
  return (
    <TableContainer
      sx={{ maxHeight }}
      {...(maxHeight !== undefined && { tabIndex: 0, role: 'region', 'aria-label': `${label}, scrollable` })}
    >
      <Table stickyHeader={maxHeight !== undefined} aria-label={label}>
        <TableHead>
          <TableRow>
            {columns.map((column) => (
              <TableCell key={column.id} align={column.numeric ? 'right' : 'left'} sx={look(column, columns)}>
                {column.header}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={rowId(row)} hover sx={fresh?.(row) ? FADE_IN : LAST_WITHOUT_LINE}>
              {columns.map((column) => (
                <TableCell
                  key={column.id}
                  align={column.numeric ? 'right' : 'left'}
                  {...(column.names && { component: 'th', scope: 'row' })}
                  sx={look(column, columns)}
                >
                  {column.cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  )
}

/** The outer cells stand as far from the edge as the panel's title; narrow screens leave columns out. */
function look<Row>(column: Column<Row>, all: readonly Column<Row>[]) {
  return {
    px: { xs: 1.5, sm: 2.5 },
    ...(column.stretchesOnPhone && { width: { xs: '100%', sm: 'auto' }, maxWidth: { xs: 0, sm: 'none' } }),
    ...(column.stretches ? { width: '100%', maxWidth: 0 } : { whiteSpace: 'nowrap' }),
    ...(column === all[0] && { pl: 3 }),
    ...(column === all.at(-1) && { pr: 3 }),
    ...(column.from && { display: { xs: 'none', [column.from]: 'table-cell' } }),
  }
}

const LAST_WITHOUT_LINE = { '&:last-child > *': { borderBottom: 0 } } as const
const FADE_IN = {
  ...LAST_WITHOUT_LINE,
  animation: 'row-in 200ms ease-out',
  '@keyframes row-in': { from: { opacity: 0 } },
} as const
