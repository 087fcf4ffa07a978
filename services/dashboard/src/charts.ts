// Only the parts of ECharts that are drawn. This file is loaded with the first chart.

import { BarChart, LineChart, SankeyChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { LabelLayout } from 'echarts/features'
import { CanvasRenderer } from 'echarts/renderers'

// Canvas, not SVG: a picture can be copied into a document, and no inline style is written into the page.
use([BarChart, LineChart, SankeyChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, MarkLineComponent, MarkAreaComponent, LabelLayout, CanvasRenderer])

export { init }
