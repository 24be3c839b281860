package gofer

import "time"

// The limits of a cluster, which are those of this package. Lengths are in bytes.
const (
	idBytesMax            = 64
	textBytesMax          = 4 * 1024
	variableNameBytesMax  = 256
	variableValueBytesMax = 32 * 1024
	variablesMax          = 256
	tasksMax              = 1000
	parentsMax            = 100
	argumentsMax          = 1024
	argumentBytesMax      = 128*1024 - 1
	referenceBytesMax     = 1024
	labelsMax             = 64
	taskSecretsMax        = 64
	secretFileBytesMax    = 64
	configBytesMax        = 1024 * 1024
	fileBytesMax          = 1024 * 1024
	attemptsMax           = 100
	queueMax              = 10000
	durationMax           = 30 * 24 * time.Hour
	memoryBytesMax        = uint64(1) << 50
	memoryBytesMin        = uint64(4) << 20
	cpuMillisMax          = 1000000
	multiplierPercentMax  = 10000
	parametersMax         = 100
	nameBytesMax          = 64
	choicesMax            = 100
	conditionsMax         = 16
	itemsMax              = 1000
	approversMax          = 100
	faultsMax             = 1000
)
