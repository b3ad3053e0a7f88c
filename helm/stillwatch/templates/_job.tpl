{{/* Which topics the release wants, as options of `stillwatch topics`: the same where they are made, where they are tested and where people are told to look. */}}
{{- define "stillwatch.topicsOptions" -}}
{{- $options := list "--partitions" (toString .Values.topics.partitions) "--replication-factor" (toString .Values.topics.replicationFactor) -}}
{{- if not .Values.topics.includeInput -}}
{{- $options = append $options "--no-input" -}}
{{- end -}}
{{- $options | toJson -}}
{{- end -}}

{{/*
A job that runs one stillwatch command before anything else happens. Arguments: root, name, component, args, weight,
needsKafka, specConfigMap, backoffLimit. It gets the settings too, so that a wrong one is refused here. It does not use a service account that
the release makes, which does not exist yet.
*/}}
{{- define "stillwatch.hookJob" -}}
{{- $root := .root -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "stillwatch.fullname" $root }}-{{ .name }}
  labels:
    {{- include "stillwatch.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  annotations:
    {{- include "stillwatch.hook" (dict "events" "pre-install,pre-upgrade" "weight" .weight) | nindent 4 }}
spec:
  backoffLimit: {{ .backoffLimit | toJson }}
  activeDeadlineSeconds: {{ $root.Values.hooks.activeDeadlineSeconds | toJson }}
  template:
    metadata:
      labels:
        {{- include "stillwatch.selectorLabels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $root.Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $root.Values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      restartPolicy: Never
      {{- if not $root.Values.serviceAccount.create }}
      serviceAccountName: {{ include "stillwatch.serviceAccountName" $root | quote }}
      {{- end }}
      {{- include "stillwatch.podBasics" $root | nindent 6 }}
      containers:
        - name: {{ .component }}
          {{- include "stillwatch.containerBasics" $root | nindent 10 }}
          args: {{ .args | toJson }}
          env:
            {{- if .needsKafka }}
            {{- include "stillwatch.kafkaEnv" $root | nindent 12 }}
            {{- end }}
            {{- if not .needsKafka }}
            {{- with include "stillwatch.fingerprintEnv" $root }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- end }}
            {{- with include "stillwatch.settingsEnv" $root }}
            {{- . | trim | nindent 12 }}
            {{- end }}
            {{- with $root.Values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          resources:
            {{- toYaml $root.Values.hooks.resources | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- if .specConfigMap }}
            - name: spec
              mountPath: /etc/stillwatch/spec
              readOnly: true
            {{- end }}
            {{- if .needsKafka }}
            {{- with include "stillwatch.kafkaMounts" $root }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- end }}
            {{- with $root.Values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 16Mi
        {{- if .specConfigMap }}
        - name: spec
          configMap:
            name: {{ .specConfigMap | quote }}
        {{- end }}
        {{- if .needsKafka }}
        {{- with include "stillwatch.kafkaVolumes" $root }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- end }}
        {{- with $root.Values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}
