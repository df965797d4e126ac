namespace Espalier.Text.Sample;

/// <summary>
/// The vocabulary of the sample language. A line holds English synonyms, with an irregular second form in parentheses, and
/// after = the word of the second language. A line that is indented is a kind of the line above it.
/// </summary>
internal static class Lexicon
{
    // Nouns of the second language end in their gender, -a or -o.
    public static readonly IReadOnlyList<Concept> Nouns = Read(PartOfSpeech.Noun, """
        animal/creature = tivora
          dog/hound = vasko
            poodle = pilvo
            terrier = terno
          cat = misha
            tabby(tabbies) = mukro
            kitten = nenka
          bird = pavia
            sparrow = chirla
            owl = uhuro
            goose(geese) = ganda
          horse = kavalo
            pony(ponies) = polko
            foal = stallo
          rodent = grizo
            mouse(mice) = suska
            squirrel = skirva
        person(people)/human = homa
          child(children)/kid = nino
            pupil/student = fema
            toddler = puero
          worker = labora
            baker = panero
            farmer = agrona
            sailor = maro
            doctor/physician = medika
          artist = artona
            painter = pinkto
            singer = kanta
            dancer = danso
          soldier = milto
            general = genro
            guard/sentry(sentries) = varda
        object/item = retso
          toy = ludo
            doll = pupa
            ball = bolo
            kite = flirga
          tool = instro
            hammer = malko
            saw = sega
            knife(knives) = kultra
          fruit(fruits) = frugo
            apple = malda
            pear = pirza
            plum = pruno
          vehicle = vekta
            wagon/cart = karo
            bicycle/bike = ciklo
            boat = navika
        """);

    // The first line of a dimension names it and is no word; what stands below it excludes its neighbours.
    public static readonly IReadOnlyList<Concept> Adjectives = Read(PartOfSpeech.Adjective, """
        = size
          big/large = grand
            huge/gigantic = gigant
          small/little = parv
            tiny/minute = mikr
        = age
          old/aged = vetr
            ancient = antik
          young = jun
        = mood
          happy/glad = felik
            overjoyed = eksult
          sad/unhappy = trist
            miserable = mizer
          angry/cross = irat
            furious = furj
        = energy
          tired/weary = laks
            exhausted = ekshaus
          lively = vivak
        = cleanness
          clean = pur
            spotless = imakul
          dirty/filthy = sord
        = wetness
          wet = humd
            soaked/drenched = inund
          dry = sek
        = wits
          clever/smart = sagak
            brilliant = brilj
          foolish/silly = stult
        = courage
          brave = fort
            fearless = impavd
          timid/shy = timd
        """);

    public static readonly IReadOnlyList<Concept> IntransitiveVerbs = Read(PartOfSpeech.IntransitiveVerb, """
        move = mov
          run = kur
            sprint/dash = velok
          walk = pash
            stroll/amble = ambul
            march = mars
          jump/leap = salt
          swim = nat
        rest = kvies
          sleep/slumber = dorm
            doze/nap = somn
          sit = sed
        call = vok
          shout/yell = klam
          whisper/murmur = susur
        laugh = rid
          giggle/chuckle = kikl
        cry/weep = plor
          sob = singult
        eat = mand
          feast = epul
        """);

    public static readonly IReadOnlyList<Concept> TransitiveVerbs = Read(PartOfSpeech.TransitiveVerb, """
        touch = tang
          push/shove = puls
          pull = tir
            drag/haul = trak
          hold = ten
            grip/clutch = grif
        notice/perceive = perkep
          see/spot = vid
          hear = aud
        follow = sekv
          chase/pursue = chas
        like = plas
          love/adore = amor
        fear/dread = timor
        need/require = egen
        """);

    // Places modify a noun; their number is their own, so that they can mislead about agreement.
    public static readonly IReadOnlyList<Concept> Places = Read(PartOfSpeech.Place, """
        in the garden = hortos
        in the fields = kampas
        near the river = flumes
        near the trees = arbas
        behind the barn = granes
        behind the houses = kasas
        by the gate = portes
        by the walls = muras
        on the hill = kolines
        on the bridges = pontas
        """);

    // Those in -a are feminine, in both languages.
    public static readonly IReadOnlyList<string> Names =
    [
        "Ada", "Bruno", "Clara", "Dario", "Edda", "Felix", "Greta", "Hugo", "Irma", "Jonas", "Kira", "Leo", "Mira", "Nico", "Olga",
        "Pavel", "Rosa", "Sven", "Tara", "Viktor",
    ];

    public static readonly Concept Animal = Root("animal"), Person = Root("person"), Thing = Root("object");

    /// <summary>Whether a quality can be one of lifeless things.</summary>
    public static bool FitsThings(Concept quality) => quality.Root.Foreign is "size" or "age" or "cleanness" or "wetness";

    private static Concept Root(string word) => Nouns.Single(noun => noun.Words[0].Base == word);

    private static List<Concept> Read(PartOfSpeech part, string table)
    {
        var all = new List<Concept>();
        var path = new Stack<Concept>();
        foreach (string line in table.Split('\n'))
        {
            int depth = line.TakeWhile(c => c == ' ').Count() / 2;
            while (path.Count > depth)
                path.Pop();
            string[] sides = line.Split('=');
            string[] synonyms = sides[0].Split('/', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            Word[] words = [.. synonyms.Select(word => Inflect(part, word))];
            var concept = new Concept(part, path.TryPeek(out Concept? parent) ? parent : null, words, sides[1].Trim());
            parent?.Adopt(concept);
            path.Push(concept);
            if (words.Length > 0)
                all.Add(concept);
        }
        return all;
    }

    private static Word Inflect(PartOfSpeech part, string word)
    {
        int open = word.IndexOf('(');
        if (open >= 0)
            return new Word(word[..open], word[(open + 1)..^1]);
        if (part is PartOfSpeech.Adjective or PartOfSpeech.Place)
            return new Word(word, word);
        bool sibilant = word.EndsWith("ch") || word.EndsWith("sh") || word.EndsWith('s') || word.EndsWith('x');
        bool consonantY = word.EndsWith('y') && !"aeiou".Contains(word[^2]);
        return new Word(word, consonantY ? word[..^1] + "ies" : word + (sibilant ? "es" : "s"));
    }
}
