// Charts draw on a canvas, which knows no CSS variables: the theme's tokens, resolved for the scheme in use.
import { useColorScheme, useTheme } from '@mui/material/styles'
import { ColorType, CrosshairMode, type ChartOptions, type DeepPartial, type Time } from 'lightweight-charts'
import { useMemo } from 'react'
import { marketShortDay, marketStamp, marketTime } from '../format/time'

/** The tokens as colours, as the scheme in use has them. */
export function useChartColours() {
  const { colorSchemes } = useTheme()
  const { mode, systemMode } = useColorScheme()
  const scheme = (mode === 'system' ? systemMode : mode) ?? 'light'
  return useMemo(() => {
    const palette = colorSchemes[scheme]?.palette
    if (!palette) throw new Error(`The theme has no scheme ${scheme}`)
    const { pnl, trade, chart, text, divider, background } = palette
    return { pnl, trade, chart, text: text.secondary, strong: text.primary, divider, background: background.paper }
  }, [colorSchemes, scheme])
}

export type ChartColours = ReturnType<typeof useChartColours>

/** What every chart of the page has in common; its times are New York's. */
export function chartOptions(colours: ChartColours): DeepPartial<ChartOptions> {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: colours.background },
      textColor: colours.text,
      fontFamily: '"Inter Variable", system-ui, sans-serif',
      fontSize: 11,
      attributionLogo: true, // asked for by the library's licence
    },
    grid: { vertLines: { color: colours.chart.grid }, horzLines: { color: colours.chart.grid } },
    crosshair: { mode: CrosshairMode.Magnet },
    rightPriceScale: { borderColor: colours.divider },
    timeScale: {
      borderColor: colours.divider,
      timeVisible: true,
      secondsVisible: false,
      tickMarkFormatter: (time: Time, type: number) => (type < 3 ? marketShortDay(ms(time)) : marketTime(ms(time))),
    },
    localization: { timeFormatter: (time: Time) => marketStamp(ms(time)) },
  }
}

const ms = (time: Time) => Number(time) * 1000
