/** Importers, ONNX export, image pre-processing and lists of labelled images. */
module dev.lowpass.models {
    requires transitive dev.lowpass.runtime;
    requires com.google.protobuf;
    requires flatbuffers.java;
    requires metadata.extractor;
    requires org.lwjgl;
    requires org.lwjgl.stb;

    exports dev.lowpass.models;
    exports dev.lowpass.models.image;
    exports dev.lowpass.models.labels;
    exports dev.lowpass.models.onnx;
    exports dev.lowpass.models.tflite;
}
