{{/* How a container reaches Kafka: environment, mounts, volumes. */}}

{{- define "stillwatch.securityProtocol" -}}
{{- if .Values.kafka.sasl.enabled -}}
{{- ternary "SASL_SSL" "SASL_PLAINTEXT" .Values.kafka.tls.enabled -}}
{{- else -}}
{{- ternary "SSL" "PLAINTEXT" .Values.kafka.tls.enabled -}}
{{- end -}}
{{- end -}}

{{/* The user's secret: named, or the one that Strimzi's user operator makes for the KafkaUser of this release. */}}
{{- define "stillwatch.userSecret" -}}
{{- $named := ternary .Values.kafka.sasl.secretName .Values.kafka.tls.client.secretName .Values.kafka.sasl.enabled -}}
{{- if $named -}}
{{- $named -}}
{{- else if .Values.strimzi.user.create -}}
{{- include "stillwatch.kafkaUser" . -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.kafkaUser" -}}
{{- default (include "stillwatch.fullname" .) .Values.strimzi.user.name -}}
{{- end -}}

{{/* Name of the resource of a topic: Kafka allows more in names than Kubernetes does. */}}
{{- define "stillwatch.kafkaTopic" -}}
{{- . | lower | replace "_" "-" -}}
{{- end -}}

{{- define "stillwatch.caSecret" -}}
{{- if .Values.kafka.tls.ca.secretName -}}
{{- .Values.kafka.tls.ca.secretName -}}
{{- else if .Values.strimzi.cluster -}}
{{- printf "%s-cluster-ca-cert" .Values.strimzi.cluster -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.hasClientCertificate" -}}
{{- if and .Values.kafka.tls.enabled (not .Values.kafka.sasl.enabled) (include "stillwatch.userSecret" .) -}}
yes
{{- end -}}
{{- end -}}

{{- define "stillwatch.kafkaEnv" -}}
- name: KAFKA_BOOTSTRAP_SERVERS
  value: {{ .Values.kafka.bootstrapServers | quote }}
- name: STILLWATCH_GROUP_ID
  value: {{ .Values.kafka.groupId | quote }}
- name: STILLWATCH_TOPIC_PREFIX
  value: {{ .Values.kafka.topicPrefix | quote }}
- name: STILLWATCH_INPUT_TOPIC
  value: {{ .Values.kafka.inputTopic | quote }}
- name: STILLWATCH_SECURITY_PROTOCOL
  value: {{ include "stillwatch.securityProtocol" . }}
{{- if .Values.kafka.tls.enabled }}
{{- if include "stillwatch.caSecret" . }}
- name: STILLWATCH_SSL_CA_FILE
  value: /etc/stillwatch/kafka-ca/{{ .Values.kafka.tls.ca.key }}
{{- end }}
{{- if include "stillwatch.hasClientCertificate" . }}
- name: STILLWATCH_SSL_CERT_FILE
  value: /etc/stillwatch/kafka-user/{{ .Values.kafka.tls.client.certificateKey }}
- name: STILLWATCH_SSL_KEY_FILE
  value: /etc/stillwatch/kafka-user/{{ .Values.kafka.tls.client.privateKeyKey }}
{{- end }}
{{- end }}
{{- if .Values.kafka.sasl.enabled }}
- name: STILLWATCH_SASL_MECHANISM
  value: {{ .Values.kafka.sasl.mechanism }}
- name: STILLWATCH_SASL_USERNAME
  value: {{ default (include "stillwatch.userSecret" .) .Values.kafka.sasl.username | quote }}
- name: STILLWATCH_SASL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ include "stillwatch.userSecret" . | quote }}
      key: {{ .Values.kafka.sasl.passwordKey | quote }}
{{- end }}
{{- end -}}

{{- define "stillwatch.kafkaMounts" -}}
{{- if .Values.kafka.tls.enabled -}}
{{- if include "stillwatch.caSecret" . -}}
- name: kafka-ca
  mountPath: /etc/stillwatch/kafka-ca
  readOnly: true
{{- end }}
{{- if include "stillwatch.hasClientCertificate" . }}
- name: kafka-user
  mountPath: /etc/stillwatch/kafka-user
  readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{/* Only the keys that are read are mounted; Strimzi's secrets also hold PKCS #12 stores and their passwords. */}}
{{- define "stillwatch.kafkaVolumes" -}}
{{- if .Values.kafka.tls.enabled -}}
{{- if include "stillwatch.caSecret" . -}}
- name: kafka-ca
  secret:
    secretName: {{ include "stillwatch.caSecret" . | quote }}
    defaultMode: 0440
    items:
      - key: {{ .Values.kafka.tls.ca.key | quote }}
        path: {{ .Values.kafka.tls.ca.key | quote }}
{{- end }}
{{- if include "stillwatch.hasClientCertificate" . }}
- name: kafka-user
  secret:
    secretName: {{ include "stillwatch.userSecret" . | quote }}
    defaultMode: 0440
    items:
      - key: {{ .Values.kafka.tls.client.certificateKey | quote }}
        path: {{ .Values.kafka.tls.client.certificateKey | quote }}
      - key: {{ .Values.kafka.tls.client.privateKeyKey | quote }}
        path: {{ .Values.kafka.tls.client.privateKeyKey | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Ports of the brokers as a JSON list: the named ones, or those of the bootstrap servers. */}}
{{- define "stillwatch.kafkaPorts" -}}
{{- $ports := .Values.networkPolicy.kafkaPorts | default list -}}
{{- if not $ports -}}
{{- range splitList "," .Values.kafka.bootstrapServers -}}
{{- $ports = append $ports (regexFind "[0-9]+$" (trim .) | int) -}}
{{- end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
