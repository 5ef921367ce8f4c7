import { expect, test } from 'vitest'
import type { AlertOut } from '@/api'
import { listed } from './live'

const alert = (at: string): AlertOut => ({ code: 'KILL_SWITCH_ENGAGED', severity: 'error', account_id: 'a', text: 'On.', at, symbol: null, finding_id: null })

test('an alert is listed once, newest first, and the list ends', () => {
  const first = listed([], alert('1'))
  const second = listed(first, alert('2'))
  expect(second.map(({ at }) => at)).toEqual(['2', '1'])
  expect(listed(second, alert('1'))).toBe(second)
  let many = second
  for (let n = 3; n < 100; n++) many = listed(many, alert(String(n)))
  expect(many).toHaveLength(50)
})
