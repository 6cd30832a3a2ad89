variable "environment" {
  description = "Name of the Container Apps environment. Default: made from project and target."
  type        = string
  default     = null
}

variable "weaviate" {
  description = "A Weaviate in the app's environment. Default: none."
  type = object({
    image      = string
    storage_gb = number
  })
  default = null
}
