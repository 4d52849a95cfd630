{{- define "mcp-rag.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "mcp-rag.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mcp-rag.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "mcp-rag.selector" . }}
{{- end }}

{{/* What would fail only once it runs, told before. */}}
{{- define "mcp-rag.check" -}}
{{- if not .Values.tokens.existingSecret }}{{ fail "tokens.existingSecret is not set: the server does not start without tokens. kubectl create secret generic mcp-rag-tokens --from-file=tokens, then --set tokens.existingSecret=mcp-rag-tokens" }}{{ end }}
{{- $several := or .Values.autoscaling.enabled (gt (int .Values.replicas) 1) }}
{{- if and $several (not .Values.ledger.existingSecret) }}{{ fail "several replicas need one ledger: set ledger.existingSecret to a secret with PostgreSQL's URL" }}{{ end }}
{{- if and $several (not .Values.milvus.uri) }}{{ fail "several replicas need one index: set milvus.uri to a Milvus server" }}{{ end }}
{{- if and $several .Values.persistence.enabled }}{{ fail "one volume can't be shared by several replicas: set persistence.enabled to false" }}{{ end }}
{{- if and (not .Values.persistence.enabled) (not (and .Values.ledger.existingSecret .Values.milvus.uri)) }}{{ fail "without persistence the ledger and the index must be outside the pod: set ledger.existingSecret and milvus.uri" }}{{ end }}
{{- if and .Values.serviceMonitor.enabled (not .Values.serviceMonitor.tokenSecret.name) }}{{ fail "serviceMonitor.tokenSecret.name is not set: /metrics asks for a token" }}{{ end }}
{{- end }}
