"""Forecasts, statistics and language: statsmodels, prophet, sktime, pmdarima, gensim, nltk, spaCy."""

import numpy as np
import pandas as pd

RNG = np.random.default_rng(0)
SERIES = pd.Series(RNG.normal(size=48).cumsum() + 20, pd.period_range("2020-01", periods=48, freq="M"), name="y")
FRAME = pd.DataFrame(
    {"y": RNG.normal(size=40), "a": RNG.normal(size=40), "b": RNG.normal(size=40), "g": list("uvwx") * 10}
)
TEXTS = [
    ["human", "computer", "interface"],
    ["graph", "trees"],
    ["graph", "minors", "trees"],
    ["user", "computer", "system"],
] * 5


def regressions():
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    yield sm.OLS(FRAME.y, sm.add_constant(FRAME[["a", "b"]])).fit()
    yield smf.ols("y ~ a + C(g)", FRAME).fit()
    yield smf.ols("y ~ np.log(a ** 2)", FRAME).fit()
    yield sm.GLM(np.abs(FRAME.y), sm.add_constant(FRAME.a), family=sm.families.Gamma(sm.families.links.Log())).fit()
    yield sm.Logit((FRAME.y > 0).astype(int), FRAME[["a"]]).fit(disp=0)
    yield smf.quantreg("y ~ a", FRAME).fit()
    yield smf.mixedlm("y ~ a", FRAME, groups=FRAME.g).fit()
    yield sm.RLM(FRAME.y, FRAME[["a"]]).fit()
    yield smf.logit("z ~ a", FRAME.assign(z=(FRAME.y > 0).astype(int))).fit(disp=0)
    yield sm.OLS(FRAME.y, FRAME[["a"]])


def regressions_saved_by_their_library(folder):
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    sm.OLS(FRAME.y, FRAME[["a"]]).fit().save(str(folder / "ols.pickle"))
    smf.ols("y ~ a", FRAME).fit().save(str(folder / "smaller.pickle"), remove_data=True)
    return ()


def forecasts():
    import statsmodels.api as sm
    from statsmodels.tsa.api import VAR, ExponentialSmoothing, SimpleExpSmoothing

    values = SERIES.to_timestamp()
    yield sm.tsa.ARIMA(values, order=(1, 1, 0)).fit()
    yield sm.tsa.SARIMAX(values, order=(1, 0, 0), seasonal_order=(0, 0, 0, 0)).fit(disp=0)
    yield ExponentialSmoothing(values, trend="add", initialization_method="estimated").fit()
    yield SimpleExpSmoothing(values, initialization_method="estimated").fit()
    yield VAR(FRAME[["a", "b"]]).fit(1)
    yield sm.tsa.seasonal_decompose(values, period=12)
    yield sm.tsa.AutoReg(values, 1).fit()
    yield sm.tsa.UnobservedComponents(values, "local level").fit(disp=0)
    yield sm.tsa.STL(values, period=12).fit()


def prophets():
    import prophet
    import prophet.serialize

    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=40), "y": np.arange(40.0)})
    yield prophet.Prophet()
    model = prophet.Prophet(
        weekly_seasonality=True, holidays=pd.DataFrame({"holiday": ["x"], "ds": [pd.Timestamp("2020-01-01")]})
    )
    model.add_seasonality("monthly", 30.5, 5)
    model.add_country_holidays("US")
    yield model
    yield model.fit(frame)


def sktimes():
    from sklearn.linear_model import Ridge
    from sktime.forecasting.arima import AutoARIMA
    from sktime.forecasting.compose import TransformedTargetForecaster, make_reduction
    from sktime.forecasting.exp_smoothing import ExponentialSmoothing
    from sktime.forecasting.naive import NaiveForecaster
    from sktime.forecasting.theta import ThetaForecaster
    from sktime.transformations.detrend import Deseasonalizer, Detrender

    yield NaiveForecaster("drift", sp=12).fit(SERIES)
    yield make_reduction(Ridge(), window_length=5).fit(SERIES, fh=[1])
    yield TransformedTargetForecaster([("d", Detrender()), ("f", NaiveForecaster())]).fit(SERIES)
    yield Deseasonalizer(sp=12).fit(SERIES)
    yield ExponentialSmoothing(trend="add").fit(SERIES)
    yield ThetaForecaster(sp=12).fit(SERIES)
    yield AutoARIMA(start_p=0, start_q=0, max_p=1, max_q=1).fit(SERIES)


def sktimes_classify():
    from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier
    from sktime.classification.interval_based import TimeSeriesForestClassifier

    cube, labels = RNG.normal(size=(10, 1, 20)), np.arange(10) % 2
    yield TimeSeriesForestClassifier(n_estimators=3).fit(cube, labels)
    yield KNeighborsTimeSeriesClassifier(1).fit(cube, labels)


def pmdarimas():
    import pmdarima

    yield pmdarima.auto_arima(SERIES.to_numpy(), start_p=0, start_q=0, max_p=1, max_q=1, suppress_warnings=True)
    yield pmdarima.ARIMA((1, 0, 0)).fit(SERIES.to_numpy())


def tslearns():
    from tslearn.clustering import TimeSeriesKMeans

    yield TimeSeriesKMeans(2, metric="dtw", max_iter=2).fit(RNG.normal(size=(8, 10, 1)))


def gensims(folder):
    from gensim import corpora, models, similarities

    dictionary = corpora.Dictionary(TEXTS)
    corpus = [dictionary.doc2bow(text) for text in TEXTS]
    yield dictionary
    for model in (
        models.TfidfModel(corpus),
        models.LsiModel(corpus, 2, dictionary),
        models.LdaModel(corpus, 2, dictionary),
        models.Word2Vec(TEXTS, vector_size=5, min_count=1),
        models.FastText(TEXTS, vector_size=5, min_count=1, bucket=10),
        models.Doc2Vec(
            [models.doc2vec.TaggedDocument(t, [i]) for i, t in enumerate(TEXTS)], vector_size=4, min_count=1
        ),
        models.Phrases(TEXTS, min_count=1),
        models.Phrases(TEXTS, min_count=1).freeze(),
        models.HdpModel(corpus, dictionary),
        models.LdaMulticore(corpus, 2, dictionary, workers=1),
        models.nmf.Nmf(corpus, 2, dictionary),
        models.RpModel(corpus, num_topics=2),
    ):
        yield model
        model.save(str(folder / (type(model).__name__ + ".model")))
    yield models.Word2Vec(TEXTS, vector_size=5, min_count=1).wv
    models.Word2Vec(TEXTS, vector_size=5, min_count=1).wv.save(str(folder / "vectors.kv"))
    dictionary.save(str(folder / "words.dict"))
    yield similarities.MatrixSimilarity(models.TfidfModel(corpus)[corpus], num_features=len(dictionary))


def nltks():
    import nltk
    from nltk.classify import NaiveBayesClassifier
    from nltk.lm import MLE, Laplace
    from nltk.lm.preprocessing import padded_everygram_pipeline
    from nltk.tag import BigramTagger, DefaultTagger, PerceptronTagger, UnigramTagger

    tagged = [[("the", "DT"), ("dog", "NN")], [("a", "DT"), ("cat", "NN")]]
    yield nltk.FreqDist(["a", "b", "a"])
    yield nltk.ConditionalFreqDist([("a", 1), ("b", 2)])
    yield NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")])
    yield UnigramTagger(tagged, backoff=DefaultTagger("NN"))
    yield BigramTagger(tagged, backoff=UnigramTagger(tagged))
    yield PerceptronTagger(load=False)
    yield nltk.Tree.fromstring("(S (NP I) (VP run))")
    yield nltk.PorterStemmer()
    yield nltk.SnowballStemmer("german")
    yield nltk.RegexpTokenizer(r"\w+")
    yield nltk.CFG.fromstring("S -> NP VP\nNP -> 'I'\nVP -> 'run'")
    yield nltk.Text(["a", "b"])
    yield nltk.RegexpParser("NP: {<DT>?<NN>}")
    for kind in (MLE, Laplace):
        model = kind(2)
        model.fit(*padded_everygram_pipeline(2, [["a", "b"], ["b", "c"]]))
        yield model
    yield nltk.tokenize.PunktSentenceTokenizer("Mr. Smith came. He left.")
    yield nltk.tokenize.TreebankWordTokenizer()
    yield nltk.WordNetLemmatizer()
    yield nltk.bigrams
    yield nltk.BigramCollocationFinder.from_words(["a", "b", "a", "b"])


def spacies(folder):
    import spacy
    from spacy.matcher import Matcher, PhraseMatcher
    from spacy.tokens import Doc, DocBin, Span

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp("Berlin is a city. I live there.")
    yield doc
    yield nlp.vocab
    yield [token.text for token in doc]
    yield Doc(nlp.vocab, words=["a", "b"])
    yield nlp
    matcher = Matcher(nlp.vocab)
    matcher.add("X", [[{"LOWER": "berlin"}]])
    yield matcher
    yield PhraseMatcher(nlp.vocab)
    yield doc.to_json()
    yield nlp.tokenizer
    yield nlp.vocab.strings
    yield nlp.vocab.vectors
    yield DocBin(docs=[doc]).to_bytes()
    doc.ents = [Span(doc, 0, 1, label="GPE")]
    yield [(ent.text, ent.label_) for ent in doc.ents]
    yield doc
    trained = spacy.blank("en")
    categories = trained.add_pipe("textcat")
    categories.add_label("A")
    categories.add_label("B")
    trained.initialize()
    yield trained


def thincs():
    from thinc.api import Adam, Linear, Relu, Softmax, chain

    yield chain(Relu(4, 3), Softmax(2, 4))
    yield Adam(0.01)
    yield Linear(2, 3).initialize()


def regexes():
    import regex

    yield regex.compile(r"\p{L}+")
    yield regex.compile("a", regex.IGNORECASE)
