variable "environment" {
  description = "Name of the Container Apps environment. Default: made from project and target."
  type        = string
  default     = null
}

variable "min_replicas" {
  description = "Fewest replicas of a release. With 0 an app without replicas is no reason for a mail."
  type        = number
  default     = 1
}

variable "weaviate" {
  description = "A Weaviate in the app's environment. Default: none."
  type = object({
    image      = string
    storage_gb = number
  })
  default = null
}
