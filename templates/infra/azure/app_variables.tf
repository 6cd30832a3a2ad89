variable "plan" {
  description = "Plan of App Service. Those that begin with B have no slots."
  type        = string
  default     = "S1"
}

variable "instances" {
  description = "Instances of the plan."
  type        = number
  default     = 1
}

variable "slot" {
  description = "Slot that releases are staged in."
  type        = string
  default     = "staging"
}
