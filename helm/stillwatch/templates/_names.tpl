{{/* Names and labels. */}}

{{- define "stillwatch.name" -}}
{{- default .Chart.Name .Values.nameOverride -}}
{{- end -}}

{{/* Shortened to 46 characters: Kubernetes appends up to 17 to the names of jobs, pods and revisions. */}}
{{- define "stillwatch.fullname" -}}
{{- $name := printf "%s-%s" .Release.Name (include "stillwatch.name" .) -}}
{{- if .Values.fullnameOverride -}}
{{- $name = .Values.fullnameOverride -}}
{{- else if contains (include "stillwatch.name" .) .Release.Name -}}
{{- $name = .Release.Name -}}
{{- end -}}
{{- regexReplaceAll "-+$" (trunc 46 $name) "" -}}
{{- end -}}

{{/* What selects pods; must never change in the life of a release. */}}
{{- define "stillwatch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "stillwatch.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/*
Labels of every object, with "labels" of its own beside the root's keys where it has some. Not those of pods: a new chart
version alone must not restart them.
*/}}
{{- define "stillwatch.labels" -}}
{{ include "stillwatch.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: stillwatch
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with merge (dict) (default (dict) .labels) (default (dict) .Values.commonLabels) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "stillwatch.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "stillwatch.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* Where the detector specification comes from: "inline", "existing" or "packaged". */}}
{{- define "stillwatch.specSource" -}}
{{- if .Values.detector.existingConfigMap -}}
existing
{{- else if .Values.detector.spec -}}
inline
{{- else -}}
packaged
{{- end -}}
{{- end -}}

{{- define "stillwatch.specConfigMap" -}}
{{- default (printf "%s-spec" (include "stillwatch.fullname" .)) .Values.detector.existingConfigMap -}}
{{- end -}}

{{/* Annotations of a hook: list of events, weight. Successful hooks leave; a failed one stays for its log. */}}
{{- define "stillwatch.hook" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
