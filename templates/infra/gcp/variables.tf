# The values come from llmops.toml, [targets.NAME] and [targets.NAME.infra]:
# `llmops infra` writes them into terraform.tfvars.json.

variable "project" {
  description = "Name of the project in llmops.toml."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "gcp_project" {
  description = "Id of the project of Google Cloud."
  type        = string
}

variable "location" {
  description = "Region of everything that is made."
  type        = string
}

variable "secret_prefix" {
  description = "How the names of secrets begin. Default: the project's name and -."
  type        = string
  default     = null
}

variable "calls_models" {
  description = "Whether the API asks models of Vertex AI as its own service account."
  type        = bool
  default     = false
}

variable "enable_apis" {
  description = "Whether the interfaces of Google that are needed are switched on."
  type        = bool
  default     = true
}

variable "registry_days" {
  description = "Days that images without a tag are kept."
  type        = number
  default     = 14
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

variable "alert_email" {
  description = "Where alerts and the budget's warnings go. Default: nowhere."
  type        = string
  default     = null
}

variable "errors_percent" {
  description = "Percent of errors among the answers from which on an alert tells."
  type        = number
  default     = 5
}

variable "latency_seconds" {
  description = "Seconds that 95 of 100 answers stay below, or an alert tells."
  type        = number
  default     = 60
}

variable "monthly_budget" {
  description = "What a month may cost, in the billing account's currency. Default: no budget."
  type        = number
  default     = null
}

variable "billing_account" {
  description = "Billing account that the budget is made in."
  type        = string
  default     = null
}
