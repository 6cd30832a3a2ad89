# The values come from llmops.toml, [targets.NAME] and [targets.NAME.infra]:
# `llmops infra` writes them into terraform.tfvars.json.

variable "project" {
  description = "Name of the project."
  type        = string
}

variable "target" {
  description = "Name of the target in llmops.toml."
  type        = string
}

variable "location" {
  description = "Region of everything that is made."
  type        = string
}

variable "cloud" {
  description = "Which of the Azure clouds: public, us-government or china."
  type        = string
  default     = "public"
}

variable "resource_group" {
  description = "Name of the resource group. Default: made from project and target."
  type        = string
  default     = null
}

variable "app" {
  description = "Name of the app. Default: made from the project."
  type        = string
  default     = null
}

variable "name_suffix" {
  description = "End of the names that are unique in all of Azure. Default: made from the subscription and the resource group."
  type        = string
  default     = null
}

variable "port" {
  description = "Port that the container listens on."
  type        = number
  default     = 8000
}

variable "secret_prefix" {
  description = "How the names of secrets begin in the vault."
  type        = string
  default     = ""
}

variable "operators" {
  description = "Object ids of who may set secrets. Default: whoever applies first."
  type        = list(string)
  default     = []
}

variable "registry_sku" {
  description = "Tier of the container registry."
  type        = string
  default     = "Basic"
}

variable "registry_retention_days" {
  description = "Days after which images without a tag are removed; Premium only."
  type        = number
  default     = null
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

variable "monthly_budget" {
  description = "What a month may cost, in the subscription's currency. Default: no budget."
  type        = number
  default     = null
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
}

variable "network" {
  description = "Addresses of the network, at least a /20."
  type        = string
  default     = "10.60.0.0/16"
}

variable "postgres" {
  description = "A PostgreSQL server. Default: none."
  type = object({
    sku               = string
    version           = string
    storage_mb        = number
    backup_days       = number
    high_availability = bool
  })
  default = null
}

variable "redis" {
  description = "An Azure Managed Redis. Default: none."
  type = object({
    sku               = string
    high_availability = bool
  })
  default = null
}

variable "service_bus" {
  description = "A Service Bus with queues. Default: none."
  type = object({
    sku    = string
    queues = list(string)
  })
  default = null
}
