# The values come from llmops.toml, [targets.NAME] and [targets.NAME.infra]:
# `llmops infra` writes them into terraform.tfvars.json. What a profile leaves out is decided there.

variable "project" {
  description = "Name of the project."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "region" {
  description = "Region of everything that is made."
  type        = string
}

variable "account" {
  description = "Account of everything; Terraform refuses any other. Default: that of the credentials."
  type        = string
  default     = null
}

variable "path_style" {
  description = "Whether buckets are parts of paths and not of names, as something else than AWS wants."
  type        = bool
  default     = false
}

variable "cluster" {
  description = "Name of the cluster. Default: the project's."
  type        = string
  default     = null
}

variable "service" {
  description = "Name of the service. Default: the project's."
  type        = string
  default     = null
}

variable "secret_prefix" {
  description = "How the names of secrets begin. Default: the project's name and /."
  type        = string
  default     = null
}

variable "log_group" {
  description = "Log group of the tasks. Default: /ecs/ and the project's name."
  type        = string
  default     = null
}

variable "port" {
  description = "Port that the container listens on."
  type        = number
  default     = 8000
}

variable "health_path" {
  description = "Path that the load balancer asks, which needs no key and calls no model."
  type        = string
  default     = "/health/ready"
}

variable "answer_seconds" {
  description = "Seconds that the longest answer may take; the load balancer waits that long."
  type        = number
  default     = 300
}

variable "drain_seconds" {
  description = "Seconds that requests under way have to finish when a task stops."
  type        = number
  default     = 110
}

variable "ready_seconds" {
  description = "Seconds that a new task has before its health counts."
  type        = number
  default     = 600
}

variable "architecture" {
  description = "Processors that tasks run on: x86_64 or arm64."
  type        = string
  default     = "x86_64"
}

variable "cpu" {
  description = "Units of processor of a task; 1024 are one."
  type        = number
  default     = 512
}

variable "memory" {
  description = "Memory of a task in MiB."
  type        = number
  default     = 1024
}

variable "min_tasks" {
  description = "Fewest tasks."
  type        = number
  default     = 1
}

variable "max_tasks" {
  description = "Most tasks."
  type        = number
  default     = 2
}

variable "cpu_percent" {
  description = "Load of its processors that a task is meant for."
  type        = number
  default     = 70
}

variable "spot" {
  description = "Whether tasks run on spare capacity, which AWS takes back with two minutes' notice."
  type        = bool
  default     = false
}

variable "insights" {
  description = "Whether the cluster measures each task."
  type        = bool
  default     = true
}

variable "network" {
  description = "Addresses of the network, at least a /20."
  type        = string
  default     = "10.60.0.0/16"
}

variable "zones" {
  description = "Zones that subnets are in."
  type        = number
  default     = 2
}

variable "nat" {
  description = "How tasks reach the internet: one gateway, one per-zone, or none and public addresses of their own."
  type        = string
  default     = "one"
}

variable "private_endpoints" {
  description = "Whether AWS itself is reached without the internet."
  type        = bool
  default     = false
}

variable "flow_logs" {
  description = "Whether connections in the network are logged."
  type        = bool
  default     = true
}

variable "domain" {
  description = "Name that the API answers under. Default: none, and no TLS."
  type        = string
  default     = null
}

variable "zone" {
  description = "Hosted zone of Route 53 that the name is in. Default: the name is pointed here by hand."
  type        = string
  default     = null
}

variable "makes_zone" {
  description = "Whether that hosted zone is made."
  type        = bool
  default     = false
}

variable "certificate" {
  description = "ARN of a certificate of ACM. Default: one is made and proven in the hosted zone."
  type        = string
  default     = null
}

variable "networks" {
  description = "Networks that may reach the API."
  type        = list(string)
  default     = []
}

variable "test_networks" {
  description = "Networks that may reach a release before it has traffic. Default: none, and releases roll."
  type        = list(string)
  default     = []
}

variable "waf" {
  description = "Whether a firewall looks at requests."
  type        = bool
  default     = true
}

variable "rate_limit" {
  description = "Requests that one address may make in five minutes."
  type        = number
  default     = 2000
}

variable "deletion_protection" {
  description = "Whether load balancer, database, and a bucket or registry that is not empty refuse to be destroyed."
  type        = bool
  default     = true
}

variable "registry_keep" {
  description = "Images without a release that the registry keeps."
  type        = number
  default     = 10
}

variable "repository" {
  description = "Repository on GitHub whose workflow may deploy, owner/name. Default: none."
  type        = string
  default     = null
}

variable "owner_id" {
  description = "GitHub's number of the owner of the repository."
  type        = number
  default     = null
}

variable "repository_id" {
  description = "GitHub's number of the repository."
  type        = number
  default     = null
}

variable "github_environments" {
  description = "Environments of GitHub whose jobs may deploy. Default: the target's name."
  type        = list(string)
  default     = []
}

variable "makes_github_provider" {
  description = "Whether the account's trust in GitHub is made; an account has only one."
  type        = bool
  default     = true
}

variable "alert_email" {
  description = "Where alarms and the budget's warnings go. Default: nowhere."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "What a month may cost, in US dollars. Default: no budget."
  type        = number
  default     = null
}

variable "latency_seconds" {
  description = "Seconds that 95 of 100 answers stay below, or an alarm tells."
  type        = number
  default     = 60
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "postgres" {
  description = "A PostgreSQL server. Default: none."
  type = object({
    instance    = string
    version     = string
    storage_gb  = number
    backup_days = number
    multi_az    = bool
  })
  default = null
}

variable "redis" {
  description = "A Valkey, which speaks as Redis does. Default: none."
  type = object({
    node     = string
    replicas = number
  })
  default = null
}
