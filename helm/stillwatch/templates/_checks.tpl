{{/* What the schema cannot say: values that contradict each other. Rendering stops with a sentence and a way out. */}}

{{- define "stillwatch.checks" -}}
{{- /* Where it is the condition of a dependency, nothing is rendered at all. */ -}}
{{- if eq (toString .Values.enabled) "false" -}}
{{- fail "enabled is false, but no parent chart has it as the condition of this dependency: add condition: stillwatch.enabled there, or leave it out" -}}
{{- end -}}
{{- include "stillwatch.checkName" . -}}
{{- include "stillwatch.checkLabels" . -}}
{{- include "stillwatch.checkConnection" . -}}
{{- include "stillwatch.checkEnvironment" . -}}
{{- include "stillwatch.checkVolumes" . -}}
{{- include "stillwatch.checkScaling" . -}}
{{- include "stillwatch.checkStrimzi" . -}}
{{- include "stillwatch.checkHttp" . -}}
{{- if and (not .Values.fingerprint.existingSecret) (include "stillwatch.fingerprintsPrompts" .) -}}
{{- fail "fingerprint.existingSecret is required: the name of a secret with the key of the prompt fingerprints. Make one: kubectl create secret generic stillwatch-fingerprint --from-literal=fingerprint-key=\"$(openssl rand -hex 32)\"" -}}
{{- end -}}
{{- if and .Values.detector.spec .Values.detector.existingConfigMap -}}
{{- fail "detector.spec and detector.existingConfigMap exclude each other: choose one" -}}
{{- end -}}
{{- /* What the program takes where a value is left to it; by their keys, because a default takes 0 for nothing. */ -}}
{{- $future := hasKey .Values.settings "maxFutureSeconds" | ternary .Values.settings.maxFutureSeconds 60 -}}
{{- $disorder := hasKey .Values.settings "disorderSeconds" | ternary .Values.settings.disorderSeconds 120 -}}
{{- if ge (float64 $future) (float64 $disorder) -}}
{{- fail "settings.maxFutureSeconds must be below settings.disorderSeconds: one event with a wrong clock would otherwise make all others late" -}}
{{- end -}}
{{- end -}}

{{/* Not empty where workers read prompts: at ingest, and among accounts where sources write past it. */}}
{{- define "stillwatch.fingerprintsPrompts" -}}
{{- $stages := include "stillwatch.stages" . | fromJsonArray -}}
{{- if or (has "ingest" $stages) (and (has "accounts" $stages) .Values.settings.directSources) -}}
true
{{- end -}}
{{- end -}}

{{/* Helm allows dots and a digit first in the name of a release; the name of a Service has neither. */}}
{{- define "stillwatch.checkName" -}}
{{- $name := include "stillwatch.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "%q, made of the release's name, cannot name a Service: that takes lower-case letters, digits and dashes, a letter first. Set fullnameOverride" $name) -}}
{{- end -}}
{{- end -}}

{{/* A key given twice is refused by some clients, and by others taken for what the last one says: then selectors miss their pods. */}}
{{- define "stillwatch.checkLabels" -}}
{{- $metrics := .Values.metrics -}}
{{- $own := list "helm.sh/chart" "strimzi.io/cluster" -}}
{{- range list "name" "instance" "component" "version" "part-of" "managed-by" -}}
{{- $own = append $own (printf "app.kubernetes.io/%s" .) -}}
{{- end -}}
{{- $all := dict "commonLabels" .Values.commonLabels "podLabels" .Values.podLabels "metrics.dashboard.labels" $metrics.dashboard.labels
  "metrics.prometheusRule.labels" $metrics.prometheusRule.labels "metrics.serviceMonitor.labels" $metrics.serviceMonitor.labels -}}
{{- range $where, $labels := $all -}}
{{- range $key, $_ := $labels -}}
{{- if has $key $own -}}
{{- fail (printf "%s: the chart sets %s itself; choose another key" $where $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "severity" "namespace" "job" -}}
{{- if hasKey (default (dict) $metrics.prometheusRule.alertLabels) $key -}}
{{- fail (printf "metrics.prometheusRule.alertLabels: the chart sets %s itself; choose another key" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "checksum/spec" "kubectl.kubernetes.io/default-container" "helm.sh/hook" "helm.sh/hook-delete-policy" -}}
{{- if hasKey (default (dict) $.Values.podAnnotations) $key -}}
{{- fail (printf "podAnnotations: the chart sets %s itself; choose another key" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.checkConnection" -}}
{{- if not .Values.kafka.bootstrapServers -}}
{{- fail "kafka.bootstrapServers is required, for example my-cluster-kafka-bootstrap.kafka:9092" -}}
{{- end -}}
{{- if has (printf "%s%s" .Values.kafka.topicPrefix .Values.kafka.inputTopic) (list "." "..") -}}
{{- fail "kafka.inputTopic: Kafka takes neither . nor .. for the name of a topic" -}}
{{- end -}}
{{- /* To Kafka's metrics a dot and an underscore are alike, so it makes no two topics that differ in them alone. */ -}}
{{- range $role, $_ := omit (.Files.Get "files/topics.yaml" | fromYaml) "input" -}}
{{- $own := printf "stillwatch.%s" ($role | replace "_" "-") -}}
{{- if eq ($.Values.kafka.inputTopic | replace "_" ".") $own -}}
{{- fail (printf "kafka.inputTopic is %s, but %s is a topic of the service itself: name the one with the usage events" $.Values.kafka.inputTopic $own) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.kafka.sasl.enabled (not (include "stillwatch.userSecret" .)) -}}
{{- fail "kafka.sasl.enabled needs kafka.sasl.secretName, a secret with the password, or strimzi.user.create" -}}
{{- end -}}
{{- if and .Values.kafka.tls.client.secretName (not .Values.kafka.tls.enabled) -}}
{{- fail "kafka.tls.client.secretName is set but kafka.tls.enabled is not" -}}
{{- end -}}
{{- if and .Values.kafka.tls.client.secretName .Values.kafka.sasl.enabled -}}
{{- fail "kafka.tls.client.secretName and kafka.sasl.enabled exclude each other: a client proves who it is in one way" -}}
{{- end -}}
{{- end -}}

{{/* Of a variable given twice the last counts when an object is made, and an upgrade may keep either. */}}
{{- define "stillwatch.checkEnvironment" -}}
{{- $own := list -}}
{{- range include "stillwatch.ownEnv" . | fromYamlArray -}}
{{- $own = append $own .name -}}
{{- end -}}
{{- $extra := list -}}
{{- range .Values.extraEnv -}}
{{- if has .name $own -}}
{{- fail (printf "extraEnv: the chart sets %s itself; change the value that it comes from" .name) -}}
{{- end -}}
{{- if has .name $extra -}}
{{- fail (printf "extraEnv: %s is there twice" .name) -}}
{{- end -}}
{{- $extra = append $extra .name -}}
{{- end -}}
{{- end -}}

{{/* The API server refuses these too, but for a path below one of the chart's: such a mount would hide what lies there. */}}
{{- define "stillwatch.checkVolumes" -}}
{{- $names := list -}}
{{- range .Values.extraVolumes -}}
{{- if has .name (list "tmp" "spec" "kafka-ca" "kafka-user") -}}
{{- fail (printf "extraVolumes: the chart has a volume %s itself; choose another name" .name) -}}
{{- end -}}
{{- if has .name $names -}}
{{- fail (printf "extraVolumes: %s is there twice" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range .Values.extraVolumeMounts -}}
{{- if not (has .name $names) -}}
{{- fail (printf "extraVolumeMounts: %s is no volume of extraVolumes" .name) -}}
{{- end -}}
{{- if regexMatch "^/(tmp|etc/stillwatch(/.*)?)$" (clean .mountPath) -}}
{{- fail (printf "extraVolumeMounts: %s is where the chart mounts something itself; choose another mountPath" .mountPath) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.checkScaling" -}}
{{- $partitions := int .Values.topics.partitions -}}
{{- $autoscaled := or .Values.autoscaling.hpa.enabled .Values.autoscaling.keda.enabled -}}
{{- if and .Values.autoscaling.hpa.enabled .Values.autoscaling.keda.enabled -}}
{{- fail "autoscaling.hpa.enabled and autoscaling.keda.enabled exclude each other: two autoscalers would fight over one number (KEDA makes an HPA of its own)" -}}
{{- end -}}
{{- $stages := include "stillwatch.stages" . | fromJsonArray -}}
{{- if and .Values.autoscaling.keda.enabled (not (or (has "ingest" $stages) (has "accounts" $stages))) -}}
{{- fail "autoscaling.keda.enabled needs ingest or accounts in settings.stages: more workers do not shorten the lag of the others" -}}
{{- end -}}
{{- if and (not $autoscaled) (gt (int .Values.replicas) $partitions) -}}
{{- fail (printf "replicas is %d but topics.partitions is %d: a worker without a partition does nothing" (int .Values.replicas) $partitions) -}}
{{- end -}}
{{- if and $autoscaled (gt (int .Values.autoscaling.maxReplicas) $partitions) -}}
{{- fail (printf "autoscaling.maxReplicas is %d but topics.partitions is %d: a worker without a partition does nothing" (int .Values.autoscaling.maxReplicas) $partitions) -}}
{{- end -}}
{{- if and $autoscaled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is above autoscaling.maxReplicas" -}}
{{- end -}}
{{- end -}}

{{- define "stillwatch.checkStrimzi" -}}
{{- if and (or (eq .Values.topics.manage "Strimzi") .Values.strimzi.user.create) (not .Values.strimzi.cluster) -}}
{{- fail "strimzi.cluster is required: the name of the Kafka resource whose operators shall make topics or users" -}}
{{- end -}}
{{- if eq .Values.topics.manage "Strimzi" -}}
{{- range ternary (list .Values.kafka.inputTopic "stillwatch.usage") (list "stillwatch.usage") .Values.topics.includeInput -}}
{{- $name := include "stillwatch.kafkaTopic" (printf "%s%s" $.Values.kafka.topicPrefix .) -}}
{{- if not (regexMatch "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$" $name) -}}
{{- fail (printf "%q, made of kafka.topicPrefix and the name of a topic, cannot name a KafkaTopic: each part between dots begins and ends with a letter or digit. Choose others, or make the topics with topics.manage Job or None" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.strimzi.user.create (eq .Values.topics.manage "Job") -}}
{{- fail "strimzi.user.create needs topics.manage Strimzi or None: the topics job runs before the user of this release exists" -}}
{{- end -}}
{{- if and .Values.strimzi.user.create (ne (ternary "scram-sha-512" "tls" .Values.kafka.sasl.enabled) .Values.strimzi.user.authentication) -}}
{{- fail "strimzi.user.authentication scram-sha-512 goes with kafka.sasl.enabled, tls goes without" -}}
{{- end -}}
{{- if and .Values.strimzi.user.create (eq .Values.strimzi.user.authentication "tls") (not .Values.kafka.tls.enabled) -}}
{{- fail "strimzi.user.authentication tls needs kafka.tls.enabled: the user's certificate is shown over TLS only" -}}
{{- end -}}
{{- end -}}

{{/* Probes come from outside the container; and the operator drops a ServiceMonitor with such times, and says so in its own log only. */}}
{{- define "stillwatch.checkHttp" -}}
{{- if regexMatch "^(127\\.|localhost$|::1$)" (default "" .Values.http.host) -}}
{{- fail (printf "http.host is %s, which the probes of the kubelet do not reach, nor does Prometheus: every pod would be restarted for ever. Leave it, and narrow who may with networkPolicy" .Values.http.host) -}}
{{- end -}}
{{- with .Values.metrics.serviceMonitor -}}
{{- if and .enabled .scrapeTimeout .interval (gt (include "stillwatch.milliseconds" .scrapeTimeout | int64) (include "stillwatch.milliseconds" .interval | int64)) -}}
{{- fail (printf "metrics.serviceMonitor.scrapeTimeout is %s but metrics.serviceMonitor.interval is %s: Prometheus takes no timeout above the interval" .scrapeTimeout .interval) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A duration of Prometheus, such as 1m30s. */}}
{{- define "stillwatch.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $sum = add $sum (mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
