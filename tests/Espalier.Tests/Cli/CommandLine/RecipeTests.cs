using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Cli.Commands;
using Espalier.Text;

namespace Espalier.Tests.Cli.CommandLine;

public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RootCommand _root =
    [
        new PretrainCommand(new Terminal(Stream.Null, Stream.Null, TextWriter.Null)), new FinetuneCommand(new Terminal(Stream.Null, Stream.Null, TextWriter.Null)),
        new TranslationCommand(new Terminal(Stream.Null, Stream.Null, TextWriter.Null)),
    ];

    [Fact]
    public void Expand_KeysOfTheRecipe_BecomeOptionsUnlessGiven()
    {
        string file = _folder.Write("r.yaml", "# a comment\nlayers: 6\nhidden: 64\ncheckpoint-at: [0.25, 0.5]\ntime: 30m\n");
        string[] args = ["pretrain", "--recipe", file, "--hidden", "128"];
        Assert.Equal(
            [.. args, "--layers=6", "--checkpoint-at=0.25", "--checkpoint-at=0.5", "--time=30m"], Recipe.Expand(_root, args));
    }

    [Theory]
    [InlineData("pretrain", "paper-mlm", "--mask-rate=0.15")]
    [InlineData("pretrain", "short-mlm", "--mask-rate=0.25")]
    [InlineData("finetune", "paper-sst2", "--seed=500")]
    [InlineData("translation train", "paper-translation", "--warm-up=4000")]
    [InlineData("translation train", "short-translation", "--schedule=linear")]
    public void Expand_NamedRecipe_SuitsItsCommand(string command, string name, string expected)
    {
        IReadOnlyList<string> expanded = Recipe.Expand(_root, [.. command.Split(' '), "--recipe", name]);
        Assert.Contains(expected, expanded);
        Assert.Empty(_root.Parse(expanded).Errors);
    }

    [Theory]
    [InlineData("paper-translation-8x2048", "--layers=8", "--hidden=2048", "--norm=post")]
    [InlineData("short-translation-2x128", "--layers=2", "--hidden=128", "--heads=4")]
    public void Expand_NamedRecipeWithASize_IsThatRecipeOfThatSize(string name, params string[] expected)
    {
        IReadOnlyList<string> expanded = Recipe.Expand(_root, ["translation", "train", "--recipe", name]);
        Assert.Equal(expected, expected.Intersect(expanded));
        Assert.Single(expanded, a => a.StartsWith("--layers", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("finetune", "paper-sst2-2x128", "paper-sst2 is of no model's size")]
    [InlineData("finetune", "paper-mlm-2x128", "is a recipe for another command")]
    [InlineData("pretrain", "paper-mlm-2x", "there is no such recipe")]
    public void Expand_SizeOfARecipeThatHasNoneOrIsNoneOfTheCommands_SaysSo(string command, string name, string message)
        => Assert.Contains(message, Assert.Throws<TextException>(() => Recipe.Expand(_root, [command, "--recipe", name])).Message);

    [Fact]
    public void Expand_EachNamedRecipe_IsOfferedByOneCommandAndSuitsIt()
    {
        RootCommand root = Application.Root(new Terminal(Stream.Null, Stream.Null, TextWriter.Null));
        List<string> offered = [];
        foreach ((string[] path, Command command) in root.Subcommands.SelectMany(c => c.Subcommands.Prepend(c), (c, s) => (c == s ? new[] { c.Name } : [c.Name, s.Name], s)))
        {
            foreach (string name in command.Options.OfType<RecipeOption>().SelectMany(option => option.BuiltIn))
            {
                Assert.Empty(root.Parse(Recipe.Expand(root, [.. path, "--recipe", name])).Errors);
                offered.Add(name);
            }
        }
        Assert.Equal(Recipe.BuiltIn, offered.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("finetune", "is a recipe for another command; name a YAML file, or one of paper-sst2")]
    [InlineData("translation train", "or one of short-translation, paper-translation")]
    public void Expand_RecipeOfAnotherCommand_SaysWhichThereAre(string command, string message)
        => Assert.Contains(message, Assert.Throws<TextException>(() => Recipe.Expand(_root, [.. command.Split(' '), "--recipe", "paper-mlm"])).Message);

    [Fact]
    public void Expand_OtherNameOfAnOption_IsThatOption()
    {
        string file = _folder.Write("r.yaml", "vocab: 500\n");
        string[] args = ["translation", "train", "--recipe", file];
        Assert.Equal([.. args, "--vocabulary=500"], Recipe.Expand(_root, args));
        Assert.Equal([.. args, "--vocab", "600"], Recipe.Expand(_root, [.. args, "--vocab", "600"]));
    }

    [Theory]
    [InlineData("layers: 6\nhiden: 64\n", ":2: unknown key hiden; did you mean hidden?")]
    [InlineData("layers: six\n", ":1: Cannot parse argument 'six'")]
    [InlineData("layers:\n", ":1: expected a value")]
    [InlineData("\n- layers\n", ":2: expected lines such as")]
    [InlineData("layers: [1\nhidden: 2\n", "is no YAML")]
    [InlineData("layers: 1\nlayers: 2\n", "is no YAML")]
    [InlineData("layers: 6\ntime: half\n", ":2: --time: 'half' is no time")]
    [InlineData("evaluate-every: 1k\n", ":1: --evaluate-every: '1k' is neither")]
    [InlineData("layers: 0\n", ":1: --layers is 0; expected 1 or more")]
    [InlineData("\ndropout: 3\n", ":2: --dropout is 3; expected")]
    [InlineData("checkpoint-at: [0.5, 2]\n", ":1: --checkpoint-at is 0.5 2; expected between 0 and 1")]
    [InlineData("layers: 1\n---\nhidden: 2\n", ":3: a second document begins")]
    [InlineData("recipe: paper-mlm\n", ":1: unknown key recipe")]
    public void Expand_Fault_NamesFileAndLine(string content, string message)
    {
        string file = _folder.Write("r.yaml", content);
        Exception fault = Assert.ThrowsAny<Exception>(() => Recipe.Expand(_root, ["pretrain", "--recipe", file]));
        Assert.True(fault is UsageException or TextException, fault.ToString());
        Assert.StartsWith(file, fault.Message);
        Assert.Contains(message, fault.Message);
    }

    public void Dispose() => _folder.Dispose();
}
