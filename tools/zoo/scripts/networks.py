"""Keras and TensorFlow: files of every kind, and what people pickle."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
from keras import layers as kl

IMAGES = (8, 8, 3)


def kept(out, name, model, *forms):
    for form in forms or ("keras", "h5"):
        model.save(out / f"{name}.{form}")


def dense_guide(folder):
    model = keras.Sequential([keras.Input((4,)), kl.Dense(4, "relu"), kl.Dropout(0.2), kl.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.ones((4, 4)), np.zeros(4), verbose=0)
    kept(folder, "dense", model)
    model.save_weights(folder / "dense.weights.h5")
    yield model
    yield model.get_weights()
    yield model.get_config()
    yield model.history.history
    yield model.to_json()


def functional_guide(folder):
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    x = kl.Concatenate()([kl.Dense(4, activation=keras.activations.gelu)(a), b])
    x = kl.Add()([x, x * 2.0 + 1.0])
    x = kl.LayerNormalization()(x)
    out = [
        kl.Dense(1, name="p", kernel_regularizer=keras.regularizers.L1L2(0.1, 0.1), kernel_constraint="max_norm")(x),
        kl.Dense(2, name="q", kernel_initializer=keras.initializers.HeNormal(seed=1))(x),
    ]
    model = keras.Model([a, b], out)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)),
        {"p": keras.losses.Huber(), "q": "mse"},
        metrics={"q": [keras.metrics.MeanAbsoluteError()]},
    )
    kept(folder, "functional", model)
    return ()


def picture_layers(folder):
    x = inputs = keras.Input(IMAGES)
    x = kl.Rescaling(1 / 255)(x)
    x = kl.RandomFlip()(x)
    x = kl.RandomRotation(0.1)(x)
    x = kl.RandomZoom(0.1)(x)
    x = kl.RandomContrast(0.1)(x)
    x = kl.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = kl.BatchNormalization()(x)
    x = kl.SeparableConv2D(4, 3, padding="same")(x)
    x = kl.DepthwiseConv2D(3, padding="same")(x)
    x = kl.MaxPooling2D()(x)
    x = kl.Conv2DTranspose(4, 2, strides=2)(x)
    x = kl.SpatialDropout2D(0.1)(x)
    x = kl.UpSampling2D()(x)
    x = kl.ZeroPadding2D()(x)
    x = kl.Cropping2D(1)(x)
    x = kl.LeakyReLU()(x)
    x = kl.PReLU()(x)
    x = kl.ELU()(x)
    x = kl.GroupNormalization(2)(x)
    x = kl.GaussianNoise(0.1)(x)
    x = kl.AveragePooling2D(2)(x)
    y = kl.GlobalMaxPooling2D()(x)
    x = kl.GlobalAveragePooling2D()(x)
    x = kl.Multiply()([x, y])
    kept(folder, "pictures", keras.Model(inputs, kl.Dense(2)(x)))
    return ()


def sequence_layers(folder):
    x = inputs = keras.Input((6,), dtype="int32")
    x = kl.Embedding(10, 4, mask_zero=True)(x)
    x = kl.Bidirectional(kl.LSTM(4, return_sequences=True, dropout=0.1))(x)
    x = kl.GRU(4, return_sequences=True)(x)
    x = kl.TimeDistributed(kl.Dense(4))(x)
    x = kl.MultiHeadAttention(2, 2)(x, x)
    x = kl.Conv1D(4, 3, padding="causal")(x)
    x = kl.SimpleRNN(4, return_sequences=True)(x)
    x = kl.RNN(kl.StackedRNNCells([kl.LSTMCell(3), kl.GRUCell(3)]), return_sequences=True)(x)
    x = kl.Attention()([x, x])
    x = kl.Permute((2, 1))(x)
    x = kl.Reshape((6, 3))(x)
    x = kl.Flatten()(x)
    x = kl.RepeatVector(2)(x)
    x = kl.GlobalAveragePooling1D()(x)
    kept(folder, "sequence", keras.Model(inputs, kl.Dense(2, "sigmoid")(x)))
    return ()


def preprocessing_layers(folder):
    words = kl.TextVectorization(max_tokens=10, output_mode="tf_idf")
    words.adapt(np.array(["a red fox", "a dog"]))
    model = keras.Sequential([keras.Input((1,), dtype="string"), words, kl.Dense(2)])
    kept(folder, "words", model, "keras")
    scale = kl.Normalization()
    scale.adapt(np.ones((3, 2)))
    kept(folder, "scale", keras.Sequential([keras.Input((2,)), scale, kl.Discretization([0.0, 1.0])]), "keras")
    look = kl.StringLookup(vocabulary=["a", "b"])
    kept(folder, "look", keras.Sequential([keras.Input((1,), dtype="string"), look, kl.CategoryEncoding(4)]), "keras")
    kept(
        folder,
        "ints",
        keras.Sequential([keras.Input((1,), dtype="int64"), kl.IntegerLookup(vocabulary=[1, 2]), kl.Hashing(4)]),
        "keras",
    )
    return ()


def every_layer(folder):
    shapes = [(4,), (6, 4), (8, 8, 3), (4, 8, 8, 3), (4, 4, 4, 4)]
    for name in sorted(dir(kl)):
        cls = getattr(kl, name)
        if name in ("Lambda", "InputLayer", "Layer") or not isinstance(cls, type) or not issubclass(cls, kl.Layer):
            continue
        for arguments in ((), (2,), (2, 2), (kl.Dense(2),), (kl.LSTM(2),)):
            for shape in shapes:
                try:
                    keras.Sequential([keras.Input(shape), cls(*arguments)]).save(folder / f"{name}.keras")
                except Exception:
                    continue
                break
            else:
                continue
            break
    return ()


def applications(folder):
    a = keras.applications
    kept(folder, "mobilenet", a.MobileNetV2(weights=None, classes=2, input_shape=(32, 32, 3), alpha=0.35))
    kept(folder, "efficient", a.EfficientNetB0(weights=None, classes=2, input_shape=(32, 32, 3)), "keras")
    kept(folder, "convnext", a.ConvNeXtTiny(weights=None, classes=2, input_shape=(32, 32, 3)), "keras")
    return ()


def optimizers_and_losses(folder):
    for name in (
        "SGD",
        "RMSprop",
        "AdamW",
        "Nadam",
        "Adagrad",
        "Adadelta",
        "Adamax",
        "Ftrl",
        "Lion",
        "Lamb",
        "Adafactor",
    ):
        model = keras.Sequential([keras.Input((2,)), kl.Dense(2, kernel_initializer="orthogonal")])
        model.compile(
            getattr(keras.optimizers, name)(),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=[keras.metrics.AUC(), keras.metrics.Precision(), "mae", keras.metrics.F1Score()],
        )
        model.fit(np.ones((2, 2)), np.eye(2), verbose=0)
        kept(folder, name, model)
    return ()


def nested_models(folder):
    inner = keras.Sequential([keras.Input((4,)), kl.Dense(3)], name="inner")
    outer = keras.Sequential([keras.Input((4,)), inner, kl.Activation("relu"), kl.ActivityRegularization(0.1)])
    kept(folder, "nested", outer)
    shared = kl.Dense(2)
    a, b = keras.Input((3,)), keras.Input((3,))
    kept(folder, "shared", keras.Model([a, b], kl.Dot(1)([shared(a), shared(b)])))
    return ()


def operations(folder):
    x = keras.Input((4,))
    y = keras.ops.concatenate([keras.ops.relu(x), keras.ops.sum(x, axis=-1, keepdims=True)], axis=-1)
    y = keras.ops.expand_dims(y, 1)[:, 0, :3]
    kept(folder, "operations", keras.Model(x, y), "keras")
    return ()


@keras.saving.register_keras_serializable("mine")
class OwnLayer(kl.Layer):
    def call(self, x):
        return x


def exported(folder):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((4,)), kl.Dense(2, "relu"), kl.BatchNormalization()])
    model.export(folder / "saved", verbose=False)
    tf.saved_model.save(Adder(), str(folder / "adder"))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    (folder / "m.tflite").write_bytes(converter.convert())
    rnn = keras.Sequential([keras.Input((3, 2)), kl.LSTM(2)])
    rnn.export(folder / "rnn", verbose=False)
    return ()


def Adder():  # noqa: N802  (a class that needs tensorflow)
    import tensorflow as tf

    class Adder(tf.Module):
        def __init__(self):
            self.v = tf.Variable(1.0)
            self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(["a"], [1]), -1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x):
            if tf.reduce_sum(x) > 0:
                x = x * 2.0
            return x + self.v

    return Adder()


def checkpoints(folder):
    import tensorflow as tf

    tf.train.Checkpoint(step=tf.Variable(1), w=tf.Variable([1.0])).save(str(folder / "ckpt"))
    return ()


def pickled_pieces():
    yield keras.optimizers.Adam(1e-3).get_config()
    yield keras.callbacks.History()
    yield keras.layers.serialize(kl.Dense(2))
    yield keras.initializers.GlorotUniform()
    yield keras.losses.MeanSquaredError()
    yield keras.regularizers.L2(0.1)
    yield keras.optimizers.Adam()
    yield keras.layers.Dense(3)
    yield keras.metrics.Accuracy()


def tensors_of_tensorflow():
    import tensorflow as tf

    yield tf.constant([1.0, 2.0])
    yield tf.float32
    yield tf.TensorShape([None, 3])
    yield tf.TensorSpec([None, 3], tf.float32)
    yield tf.constant([1, 2]).numpy()
    yield tf.ragged.constant([[1], [2, 3]]).to_list()
    yield tf.Variable([1.0])


def words_of_keras():
    from keras.src.legacy.preprocessing.text import Tokenizer

    tokenizer = Tokenizer(10)
    tokenizer.fit_on_texts(["a red fox"])
    yield tokenizer


def onnx_files(folder):
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])],
    )
    onnx.save(helper.make_model(graph), str(folder / "m.onnx"))
    yield helper.make_model(graph)
