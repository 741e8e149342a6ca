"""Files that are no pickles: Keras and TensorFlow in every format, ONNX, safetensors, GGUF, TFLite, boosters' own.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import os
import struct

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np


class Networks:
    def __iter__(self):
        import keras
        from keras import layers

        yield (
            "dense",
            keras.Sequential(
                [layers.Input((4,)), layers.Dense(3, "relu"), layers.Dropout(0.2), layers.Dense(1, "sigmoid")]
            ),
        )
        yield (
            "conv",
            keras.Sequential(
                [
                    layers.Input((8, 8, 3)),
                    layers.Rescaling(1 / 255),
                    layers.RandomFlip(),
                    layers.Conv2D(4, 3, padding="same", activation="gelu"),
                    layers.BatchNormalization(),
                    layers.MaxPooling2D(),
                    layers.GlobalAveragePooling2D(),
                    layers.Dense(2, "softmax"),
                ]
            ),
        )
        yield (
            "lstm",
            keras.Sequential(
                [
                    layers.Input((5,)),
                    layers.Embedding(9, 4, mask_zero=True),
                    layers.Bidirectional(layers.LSTM(3)),
                    layers.Dense(1),
                ]
            ),
        )
        yield (
            "gru",
            keras.Sequential(
                [layers.Input((5, 2)), layers.GRU(3, return_sequences=True), layers.TimeDistributed(layers.Dense(2))]
            ),
        )
        a, b = layers.Input((3,), name="a"), layers.Input((2,), name="b")
        joined = layers.Concatenate()([layers.Dense(2)(a), b])
        yield (
            "functional",
            keras.Model([a, b], [layers.Dense(1, name="out")(joined), layers.Add()([layers.Dense(2)(a), b])]),
        )
        x = layers.Input((6, 8))
        y = layers.LayerNormalization()(layers.MultiHeadAttention(2, 4)(x, x) + x)
        yield "attention", keras.Model(x, layers.GlobalMaxPooling1D()(y))
        x = layers.Input((8, 8, 1))
        down = layers.Conv2D(2, 3, strides=2, padding="same")(x)
        up = layers.Conv2DTranspose(1, 3, strides=2, padding="same")(layers.LeakyReLU()(down))
        yield "unet", keras.Model(x, layers.Concatenate()([x, up]))
        yield (
            "separable",
            keras.Sequential(
                [
                    layers.Input((8, 8, 2)),
                    layers.SeparableConv2D(3, 3),
                    layers.DepthwiseConv2D(3),
                    layers.PReLU(),
                    layers.Flatten(),
                ]
            ),
        )
        normal = layers.Normalization()
        normal.adapt(np.ones((4, 2)))
        yield (
            "normal",
            keras.Sequential(
                [
                    layers.Input((2,)),
                    normal,
                    layers.Dense(1, kernel_regularizer="l2", kernel_constraint=keras.constraints.MaxNorm(2)),
                ]
            ),
        )
        x = layers.Input((4,))
        yield "operations", keras.Model(x, keras.ops.sum(keras.ops.exp(x[:, 1:]) * 2, axis=1))


def keras_files(folder):
    import keras

    for name, model in Networks():
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 9, 0.9)),
            "mse",
            metrics=["mae", keras.metrics.RootMeanSquaredError()],
        )
        model.save(folder / f"{name}.keras")
        model.save(folder / f"{name}.h5")
        model.save_weights(folder / f"{name}.weights.h5")
        (folder / f"{name}.json").write_text(model.to_json())


def tensorflow_files(folder):
    import tensorflow as tf

    for name, model in Networks():
        model.export(folder / f"{name}_saved", verbose=False)
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        if name in ("dense", "conv", "functional", "separable", "normal"):
            (folder / f"{name}.tflite").write_bytes(converter.convert())
    module = tf.Module()
    module.w = tf.Variable([1.0])
    tf.saved_model.save(module, str(folder / "module_saved"))
    tf.train.Checkpoint(w=tf.Variable([2.0])).save(str(folder / "checkpoint"))


def applications(folder):
    import keras

    keras.applications.MobileNetV2(weights=None, classes=2, input_shape=(32, 32, 3)).save(folder / "mobilenet.keras")
    keras.applications.EfficientNetB0(weights=None, classes=2, input_shape=(32, 32, 3)).save(folder / "efficientnet.h5")
    keras.applications.ResNet50(weights=None, classes=2, input_shape=(32, 32, 3)).save(folder / "resnet.keras")


def keras_pickled():
    for _, model in Networks():
        yield {"config": model.to_json(), "weights": model.get_weights()}


def keras_histories():
    import keras

    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(np.ones((4, 1)), np.ones(4), verbose=0)
    yield history.history
    yield model
    yield {"history": history.history, "optimizer": keras.optimizers.Adam().get_config()}


def onnx_files(folder):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])
    weight = numpy_helper.from_array(np.ones((3, 2), "float32"), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Relu", ["m"], ["y"])]
    model = helper.make_model(helper.make_graph(nodes, "g", [x], [y], [weight]))
    onnx.save(model, folder / "small.onnx")
    onnx.save(model, folder / "apart.onnx", save_as_external_data=True, location="apart.data", size_threshold=0)


def onnx_of_sklearn(folder):
    from skl2onnx import to_onnx
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = np.random.default_rng(1).random((20, 2)).astype("float32"), np.arange(20) % 2
    for name, model in (
        ("forest", RandomForestClassifier(3)),
        ("pipe", make_pipeline(StandardScaler(), LogisticRegression())),
    ):
        (folder / f"{name}.onnx").write_bytes(to_onnx(model.fit(x, y), x[:1]).SerializeToString())


def safetensors_files(folder):
    import torch
    from safetensors.numpy import save_file as save_numpy
    from safetensors.torch import save_file

    save_file(
        {"w": torch.ones(2, 3), "b": torch.zeros(3, dtype=torch.bfloat16)},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    save_numpy({"a": np.arange(3), "empty": np.zeros((0, 2))}, folder / "arrays.safetensors")


def gguf_file(folder):
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 3)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("llama.block_count") + struct.pack("<II", 4, 1)
    head += (
        text("tokenizer.chat_template")
        + struct.pack("<I", 8)
        + text("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}{% endfor %}")
    )
    info = text("w") + struct.pack("<IQIQ", 1, 8, 0, 0)
    data = head + info
    (folder / "small.gguf").write_bytes(data + bytes(-len(data) % 32) + np.ones(8, "float32").tobytes())


def boosters(folder):
    import lightgbm
    import xgboost

    x, y = np.random.default_rng(1).random((30, 2)), np.arange(30) % 2
    model = xgboost.XGBClassifier(n_estimators=2).fit(x, y)
    model.save_model(folder / "model.json")
    model.save_model(folder / "model.ubj")
    lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(x, y), 2).save_model(folder / "lgb.txt")


def skops_files(folder):
    import skops.io
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    skops.io.dump(
        make_pipeline(StandardScaler(), RandomForestRegressor(2)).fit(np.eye(3), [1, 2, 3]), folder / "forest.skops"
    )


def joblib_on_disk(folder):
    import joblib
    from sklearn.decomposition import PCA

    joblib.dump(PCA(1).fit(np.random.default_rng(2).random((50, 30))), folder / "pca.joblib")
    joblib.dump([np.ones(9), "a"], folder / "arrays.pkl.gz", compress=("gzip", 3))
    joblib.dump({"x": np.arange(10000.0)}, folder / "large.z", compress=True)


def arrays_in_hdf5(folder):
    import h5py

    with h5py.File(folder / "data.h5", "w") as file:
        file["x"] = np.ones((3, 2))
        file.create_group("meta").attrs["made"] = "2025"
        file["names"] = np.array([b"a", b"b"])
