{{/* The pod of a worker, the same under a StatefulSet and a Deployment; and what every pod of the chart shares. */}}

{{/* Fields of any pod: restricted by default, no token of the API server, no service environment. */}}
{{- define "stillwatch.podBasics" -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- with .Values.schedulerName }}
schedulerName: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "stillwatch.containerBasics" -}}
image: {{ include "stillwatch.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.containerSecurityContext | nindent 2 }}
{{- with .Values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The settings of a worker as environment: settings.checkpointIntervalSeconds becomes STILLWATCH_CHECKPOINT_INTERVAL_SECONDS. */}}
{{- define "stillwatch.settingsEnv" -}}
{{- range $name, $value := .Values.settings }}
- name: STILLWATCH_{{ $name | snakecase | upper }}
  {{- if kindIs "slice" $value }}
  value: {{ $value | toJson | quote }}
  {{- else if kindIs "string" $value }}
  value: {{ $value | quote }}
  {{- else }}
  {{- /* through JSON, because Helm holds numbers as floats and would print 1e+06 */}}
  value: {{ $value | toJson | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The stages of these pods as a JSON list; left to the program they are all. */}}
{{- define "stillwatch.stages" -}}
{{- .Values.settings.stages | default (list "ingest" "accounts" "campaigns" "alerts") | toJson -}}
{{- end -}}

{{- define "stillwatch.fingerprintEnv" -}}
{{- if .Values.fingerprint.existingSecret -}}
- name: STILLWATCH_FINGERPRINT_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.fingerprint.existingSecret | quote }}
      key: {{ .Values.fingerprint.key | quote }}
{{- end -}}
{{- end -}}

{{/* The environment of a worker but for extraEnv. */}}
{{- define "stillwatch.ownEnv" -}}
{{ include "stillwatch.kafkaEnv" . }}
{{- if eq .Values.workload.kind "StatefulSet" }}
# Static membership: a pod that comes back within settings.sessionTimeoutSeconds gets its partitions back
# without a rebalance of all others.
- name: STILLWATCH_INSTANCE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- with include "stillwatch.fingerprintEnv" . }}
{{ . }}
{{- end }}
{{- if ne (include "stillwatch.specSource" .) "packaged" }}
- name: STILLWATCH_SPEC_FILE
  value: /etc/stillwatch/spec/{{ .Values.detector.key }}
{{- end }}
- name: STILLWATCH_HTTP_HOST
  value: {{ .Values.http.host | quote }}
- name: STILLWATCH_HTTP_PORT
  value: {{ .Values.http.port | quote }}
{{- include "stillwatch.settingsEnv" . }}
{{- end -}}

{{- define "stillwatch.probes" -}}
# Importing the models takes most of the time to the first answer.
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: {{ .Values.probes.startup.periodSeconds | toJson }}
  failureThreshold: {{ .Values.probes.startup.failureThreshold | toJson }}
  timeoutSeconds: {{ .Values.probes.startup.timeoutSeconds | toJson }}
# Fails only when work waits and nothing was done for settings.stallSeconds; a restore counts as work, so that limit
# must be above the longest restore.
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: {{ .Values.probes.liveness.periodSeconds | toJson }}
  failureThreshold: {{ .Values.probes.liveness.failureThreshold | toJson }}
  timeoutSeconds: {{ .Values.probes.liveness.timeoutSeconds | toJson }}
# Ready means: partitions assigned and their state restored. A rolling upgrade waits for it before the next pod.
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: {{ .Values.probes.readiness.periodSeconds | toJson }}
  failureThreshold: {{ .Values.probes.readiness.failureThreshold | toJson }}
  timeoutSeconds: {{ .Values.probes.readiness.timeoutSeconds | toJson }}
{{- end -}}

{{- define "stillwatch.topologySpread" -}}
{{- if .Values.topologySpread.enabled -}}
topologySpreadConstraints:
  {{- range .Values.topologySpread.topologyKeys }}
  - topologyKey: {{ . }}
    maxSkew: {{ $.Values.topologySpread.maxSkew | toJson }}
    whenUnsatisfiable: {{ $.Values.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "stillwatch.selectorLabels" $ | nindent 8 }}
        app.kubernetes.io/component: worker
    {{- if eq $.Values.workload.kind "Deployment" }}
    # The pods of the old revision must not count while a new one rolls out.
    matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "stillwatch.workerPod" -}}
metadata:
  labels:
    {{- include "stillwatch.selectorLabels" . | nindent 4 }}
    app.kubernetes.io/component: worker
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: worker
    {{- if eq (include "stillwatch.specSource" .) "inline" }}
    # A changed specification rolls the pods.
    checksum/spec: {{ .Values.detector.spec | sha256sum }}
    {{- end }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "stillwatch.serviceAccountName" . | quote }}
  {{- include "stillwatch.podBasics" . | nindent 2 }}
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | toJson }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . | quote }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "stillwatch.topologySpread" . }}
  {{- . | nindent 2 }}
  {{- end }}
  containers:
    - name: worker
      {{- include "stillwatch.containerBasics" . | nindent 6 }}
      args: [worker]
      env:
        {{- include "stillwatch.ownEnv" . | nindent 8 }}
        {{- with .Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: {{ .Values.http.port }}
      {{- include "stillwatch.probes" . | nindent 6 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if ne (include "stillwatch.specSource" .) "packaged" }}
        - name: spec
          mountPath: /etc/stillwatch/spec
          readOnly: true
        {{- end }}
        {{- with include "stillwatch.kafkaMounts" . }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with .Values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    # The root file system is read-only; nothing that matters is ever written here.
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- if ne (include "stillwatch.specSource" .) "packaged" }}
    - name: spec
      configMap:
        name: {{ include "stillwatch.specConfigMap" . | quote }}
    {{- end }}
    {{- with include "stillwatch.kafkaVolumes" . }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
