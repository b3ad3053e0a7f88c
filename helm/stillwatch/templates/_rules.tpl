{{/* The alert rules. docs/operations.md says for each what it means and what to do. */}}

{{- define "stillwatch.rule" -}}
{{- if not (has .name (default list .root.Values.metrics.prometheusRule.disabled)) -}}
- alert: {{ .name }}
  expr: {{ .expr | quote }}
  for: {{ .for }}
  labels:
    severity: {{ .severity }}
    # Sums lose these, and somebody must know whose alert it is.
    namespace: {{ .root.Release.Namespace | quote }}
    job: {{ include "stillwatch.fullname" .root }}
    {{- with .root.Values.metrics.prometheusRule.alertLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    summary: {{ .summary | quote }}
    description: {{ .description | quote }}
    {{- with .root.Values.metrics.prometheusRule.runbookURL }}
    runbook_url: {{ printf "%s#%s" . ($.name | lower) }}
    {{- end }}
{{- end -}}
{{- end -}}

{{- define "stillwatch.rules" -}}
{{- $limits := .Values.metrics.prometheusRule -}}
{{- $of := printf "namespace=%q, job=%q" .Release.Namespace (include "stillwatch.fullname" .) -}}
{{- $all := dict "root" . "of" $of "limits" $limits -}}
groups:
  - name: {{ include "stillwatch.fullname" . }}
    rules:
      {{- include "stillwatch.availabilityRules" $all | nindent 6 }}
      {{- include "stillwatch.progressRules" $all | nindent 6 }}
      {{- include "stillwatch.inputRules" $all | nindent 6 }}
{{- end -}}

{{- define "stillwatch.availabilityRules" -}}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchDown" "for" "5m" "severity" "critical"
  "expr" (printf "absent(up{%s} == 1)" .of)
  "summary" "No worker answers"
  "description" "No alerts are raised. Events wait in Kafka and are judged by their own time later; nothing is lost while the topic keeps them.") }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchWorkerRestarting" "for" "0m" "severity" "warning"
  "expr" (printf "changes(process_start_time_seconds{%s}[30m]) > 3 or (avg_over_time(up{%s}[15m]) < 0.7 and up{%s} offset 10m)" .of .of .of)
  "summary" "{{ $labels.pod }} keeps restarting"
  "description" "It started several times in half an hour, or does not answer for much of the time. The last line of `kubectl logs --previous` says why it stopped.") }}
{{- $stages := include "stillwatch.stages" .root | fromJsonArray }}
{{- /* A worker has the series from its first restore on; where none has it yet, nothing is watched either. */}}
{{- if has "accounts" $stages }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchAccountsUnwatched" "for" "10m" "severity" "critical"
  "expr" (printf "(sum(stillwatch_partitions{%s, role=\"usage\"}) or vector(0)) < %d" .of (int .root.Values.topics.partitions))
  "summary" "Some accounts are watched by nobody"
  "description" "Only {{ $value }} of the partitions of the usage topic have a worker that has restored them.") }}
{{- end }}
{{- if has "campaigns" $stages }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchCampaignsUnwatched" "for" "10m" "severity" "critical"
  "expr" (printf "(sum(stillwatch_partitions{%s, role=\"links\"}) or vector(0)) < 1" .of)
  "summary" "No worker looks for campaigns"
  "description" "The one partition from which all alerts come has no worker that has restored it. No alert is raised.") }}
{{- end }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchMemoryHigh" "for" "15m" "severity" "warning"
  "expr" (printf "process_resident_memory_bytes{%s} > %v * %s" .of .limits.maxMemoryRatio (include "stillwatch.memoryLimitBytes" .root))
  "summary" "{{ $labels.pod }} is close to its memory limit"
  "description" "It holds {{ $value | humanize1024 }}B. More accounts than the limit was meant for: add workers or memory.") }}
{{- end -}}

{{- define "stillwatch.progressRules" -}}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchLagHigh" "for" "15m" "severity" "warning"
  "expr" (printf "sum by (topic) (stillwatch_lag_messages{%s}) > %.0f" .of (float64 .limits.maxLagMessages))
  "summary" "{{ $value | humanize }} messages wait in {{ $labels.topic }}"
  "description" "Workers read more slowly than messages arrive. Alerts are late, not wrong.") }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchEventTimeBehind" "for" "15m" "severity" "warning"
  "expr" (printf "time() - min(stillwatch_watermark_seconds{%s, stage=\"campaigns\"}) > %.0f" .of (float64 .limits.maxEventTimeDelaySeconds))
  "summary" "{{ if lt $value 1e9 }}Event time is {{ $value | humanizeDuration }} behind the clock{{ else }}Event time has not begun{{ end }}"
  "description" "Nothing newer is judged. Either there is lag, or one input partition holds the others back, or no events arrive at all.") }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchNoCheckpoint" "for" "15m" "severity" "warning"
  "expr" (printf "increase(stillwatch_checkpoint_seconds_count{%s}[15m]) == 0 and sum without (stage, outcome) (increase(stillwatch_events_total{%s}[15m])) > 0" .of .of)
  "summary" "{{ $labels.pod }} works but has not made a checkpoint for 15 minutes"
  "description" "After a restart it would repeat all of that work.") }}
{{- end -}}

{{/*
An event is counted at every stage that it passes, and a release may run any of the stages: the share of dead letters
is of what its busiest stage reads.
*/}}
{{- define "stillwatch.inputRules" -}}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchDeadLetters" "for" "10m" "severity" "warning"
  "expr" (printf "sum by (reason) (rate(stillwatch_dead_letters_total{%s}[10m])) / scalar(max(sum by (stage) (rate(stillwatch_events_total{%s}[10m])))) > %v" .of .of .limits.maxDeadLetterRatio)
  "summary" "{{ $value | humanizePercentage }} of all events cannot be read: {{ $labels.reason }}"
  "description" "They lie in the dead-letter topic with reason, origin and original bytes, and are not judged.") }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchNoEvents" "for" "30m" "severity" "warning"
  "expr" (printf "sum(rate(stillwatch_events_total{%s, stage=~\"ingest|accounts\"}[30m])) == 0" .of)
  "summary" "No usage events arrive"
  "description" "A gateway has stopped sending, or sends to another topic.") }}
{{ include "stillwatch.rule" (dict "root" .root "name" "StillwatchOnlyRepeats" "for" "15m" "severity" "warning"
  "expr" (printf "sum(rate(stillwatch_events_total{%s, stage=\"accounts\", outcome=\"repeated\"}[10m])) > 0 unless sum(rate(stillwatch_events_total{%s, stage=\"accounts\", outcome=\"observed\"}[10m])) > 0" .of .of)
  "summary" "All events are taken for repetitions"
  "description" "The input topic was probably deleted and made anew under its old name. Nothing of it is judged.") }}
{{- end -}}

{{/* The memory limit of a worker in bytes; +Inf without one, so that the rule never fires. */}}
{{- define "stillwatch.memoryLimitBytes" -}}
{{- $limit := dig "limits" "memory" "" (default (dict) .Values.resources) -}}
{{- /* A number in a values file is a float, which toString writes with an exponent. */ -}}
{{- $number := empty $limit | ternary "" (printf "%.0f" (float64 $limit)) -}}
{{- $limit = kindIs "string" $limit | ternary $limit $number -}}
{{- $units := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18
  "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 -}}
{{- $unit := regexFind "[A-Za-z]*$" $limit -}}
{{- if and $limit (hasKey $units $unit) -}}
{{- printf "%.0f" (mulf (regexFind "^[0-9.]+" $limit | float64) (get $units $unit)) -}}
{{- else -}}
+Inf
{{- end -}}
{{- end -}}
