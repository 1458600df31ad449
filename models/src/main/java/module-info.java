/** Importers and image pre-processing. */
module dev.lowpass.models {
    requires transitive dev.lowpass.runtime;
}
