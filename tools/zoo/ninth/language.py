"""Words: vectors, topics, taggers, tokenizers, indexes and corpora.

Written whole before any of it was scanned; see docs/explanation/trusted-first.md.
"""

import collections
import re

TEXTS = ["the cat sat on the mat", "a dog and a cat", "dogs bark at the moon", "the moon is bright"] * 3


class Vocabulary:
    def __init__(self, texts):
        self.counts = collections.Counter(word for text in texts for word in text.split())
        self.index = {word: number for number, word in enumerate(self.counts)}
        self.words = list(self.index)
        self.pattern = re.compile(r"\w+")
        self.tokenize = str.split
        self.unknown = "<unk>"


class NaiveBayesByHand:
    def __init__(self):
        self.words = collections.defaultdict(collections.Counter)
        self.classes = collections.Counter()
        self.seen = set()

    def fit(self, pairs):
        for text, label in pairs:
            self.classes[label] += 1
            self.words[label].update(text.split())
            self.seen |= {*text.split()}
        return self


def stem(word):
    return word.rstrip("s")


def by_hand():
    yield Vocabulary(TEXTS)
    yield NaiveBayesByHand().fit([(text, "cat" in text) for text in TEXTS])
    yield {"vocab": Vocabulary(TEXTS).index, "stop": frozenset({"the", "a"}), "stem": stem}
    yield collections.Counter(" ".join(TEXTS)).most_common(4), re.compile("[^a-z]+", re.IGNORECASE | re.ASCII)


def gensims():
    from gensim.corpora import Dictionary
    from gensim.models import Doc2Vec, FastText, LdaModel, LsiModel, Phrases, TfidfModel, Word2Vec
    from gensim.models.doc2vec import TaggedDocument
    from gensim.similarities import MatrixSimilarity

    texts = [text.split() for text in TEXTS]
    dictionary = Dictionary(texts)
    corpus = [dictionary.doc2bow(text) for text in texts]
    yield dictionary, corpus
    yield TfidfModel(corpus), LsiModel(corpus, 2, dictionary), LdaModel(corpus, 2, dictionary)
    model = Word2Vec(texts, vector_size=4, min_count=1, epochs=1)
    yield model
    yield model.wv
    yield FastText(texts, vector_size=4, min_count=1, epochs=1, bucket=50)
    yield Doc2Vec(
        [TaggedDocument(text, [number]) for number, text in enumerate(texts)], vector_size=4, min_count=1, epochs=1
    )
    yield Phrases(texts, min_count=1).freeze()
    yield MatrixSimilarity(corpus, num_features=len(dictionary))


def gensim_files(folder):
    from gensim.corpora import Dictionary
    from gensim.models import LdaModel, Word2Vec

    texts = [text.split() for text in TEXTS]
    model = Word2Vec(texts, vector_size=4, min_count=1, epochs=1)
    model.save(str(folder / "w2v.model"))
    model.wv.save(str(folder / "vectors.kv"))
    dictionary = Dictionary(texts)
    dictionary.save(str(folder / "dictionary.dict"))
    LdaModel([dictionary.doc2bow(text) for text in texts], 2, dictionary).save(str(folder / "lda"))


def nltks():
    import nltk
    from nltk.classify import NaiveBayesClassifier
    from nltk.lm import Laplace
    from nltk.lm.preprocessing import padded_everygram_pipeline
    from nltk.stem import PorterStemmer, SnowballStemmer, WordNetLemmatizer
    from nltk.tag import BigramTagger, UnigramTagger
    from nltk.tokenize import RegexpTokenizer, TreebankWordTokenizer, TweetTokenizer

    yield NaiveBayesClassifier.train([({"last": word[-1]}, len(word) > 3) for word in TEXTS[0].split()])
    yield nltk.FreqDist(TEXTS[0].split()), nltk.ConditionalFreqDist([("a", "b")])
    yield PorterStemmer(), SnowballStemmer("german"), WordNetLemmatizer()
    yield (
        UnigramTagger([[("the", "DT"), ("cat", "NN")]]),
        BigramTagger([[("the", "DT")]], backoff=UnigramTagger([[("the", "DT")]])),
    )
    yield RegexpTokenizer(r"\w+"), TweetTokenizer(), TreebankWordTokenizer()
    train, vocabulary = padded_everygram_pipeline(2, [text.split() for text in TEXTS])
    model = Laplace(2)
    model.fit(train, vocabulary)
    yield model
    yield nltk.Tree.fromstring("(S (NP the cat) (VP sat))"), nltk.CFG.fromstring("S -> 'a' S | 'b'")
    yield nltk.tokenize.punkt.PunktTrainer("A cat. Dr. X sat. Dr. Y did.").get_params()


def spacies():
    import spacy
    from spacy.tokens import DocBin

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    doc = nlp("The cat sat. It slept.")
    yield doc.to_json()
    yield DocBin(docs=[doc]).to_bytes()
    yield nlp.to_bytes()
    yield nlp
    yield doc
    yield [(token.text, token.i) for token in doc]


def tokenized():
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=40, special_tokens=["[UNK]", "[PAD]"], show_progress=False)
    )
    yield tokenizer
    from transformers import PreTrainedTokenizerFast

    yield PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    yield dict(PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]")(TEXTS[:2], padding=True))


def ranked():
    from rank_bm25 import BM25Okapi, BM25Plus

    yield BM25Okapi([text.split() for text in TEXTS]), BM25Plus([text.split() for text in TEXTS])


def sentimental():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    yield SentimentIntensityAnalyzer()


def topics():
    from bertopic.vectorizers import ClassTfidfTransformer

    yield ClassTfidfTransformer(reduce_frequent_words=True)


def sets_of_data():
    from datasets import Dataset, Features, Value

    data = Dataset.from_dict({"text": TEXTS, "label": [0, 1] * 6})
    yield data
    yield Features({"a": Value("int64")}), data.features
    yield data.to_pandas()


def texts_of_keras():
    import keras

    layer = keras.layers.TextVectorization(20)
    layer.adapt(TEXTS)
    yield {"config": layer.get_config(), "vocabulary": layer.get_vocabulary(), "weights": []}


def searched():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.neighbors import NearestNeighbors

    vectors = TfidfVectorizer(tokenizer=None, analyzer="word").fit(TEXTS)
    yield {
        "vectorizer": vectors,
        "index": NearestNeighbors(metric="cosine").fit(vectors.transform(TEXTS)),
        "texts": TEXTS,
    }
    yield TfidfVectorizer(tokenizer=stem, token_pattern=None)
