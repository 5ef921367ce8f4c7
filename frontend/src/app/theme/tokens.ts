// Every colour of the page, by what it means; both schemes side by side. Nothing else names a colour.
// Gains and losses are teal and rose, which stay apart for the common colour-vision deficiencies;
// sign and arrow always say the same.

const light = {
  primary: { main: '#1f5fd6' },
  error: { main: '#b3261e' },
  warning: { main: '#8a5a00' },
  success: { main: '#0b7a6f' },
  info: { main: '#1f5fd6' },
  background: { default: '#f5f6f8', paper: '#ffffff' },
  text: { primary: '#131a22', secondary: '#566170' },
  divider: 'rgba(19, 26, 34, 0.13)',
  pnl: { up: '#0b7a6f', down: '#c2264f', flat: '#566170' },
  status: { running: '#0b7a6f', changing: '#8a5a00', stopped: '#566170', error: '#b3261e' },
  trade: { buy: '#1f5fd6', sell: '#a84f00' },
  account: { practice: '#5b3fb5', paper: '#1f5fd6', live: '#b3261e', onBadge: '#ffffff' },
  chart: { line: '#1f5fd6', fill: 'rgba(31, 95, 214, 0.14)', grid: 'rgba(19, 26, 34, 0.07)', fade: 'rgba(31, 95, 214, 0)', study: ['#1f5fd6', '#a84f00', '#5b3fb5', '#0b7a6f', '#c2264f', '#6b6f00'] },
}

const dark: typeof light = {
  primary: { main: '#7db1ff' },
  error: { main: '#ff8a80' },
  warning: { main: '#f0b84a' },
  success: { main: '#3fd0bd' },
  info: { main: '#7db1ff' },
  background: { default: '#0e1319', paper: '#151c25' },
  text: { primary: '#e7ecf2', secondary: '#98a5b5' },
  divider: 'rgba(231, 236, 242, 0.13)',
  pnl: { up: '#3fd0bd', down: '#ff7d98', flat: '#98a5b5' },
  status: { running: '#3fd0bd', changing: '#f0b84a', stopped: '#98a5b5', error: '#ff8a80' },
  trade: { buy: '#7db1ff', sell: '#ffab5e' },
  account: { practice: '#b9a5ff', paper: '#7db1ff', live: '#ff8a80', onBadge: '#0e1319' },
  chart: { line: '#7db1ff', fill: 'rgba(125, 177, 255, 0.20)', grid: 'rgba(231, 236, 242, 0.07)', fade: 'rgba(125, 177, 255, 0)', study: ['#7db1ff', '#ffab5e', '#b9a5ff', '#3fd0bd', '#ff7d98', '#d9d64a'] },
}

export const palettes = { light, dark }
