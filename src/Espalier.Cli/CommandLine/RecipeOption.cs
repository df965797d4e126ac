using System.CommandLine;

namespace Espalier.Cli.CommandLine;

/// <summary>The option that names a recipe.</summary>
internal sealed class RecipeOption : Option<string?>
{
    /// <param name="builtIn">The recipes that come with the tool and are for this command.</param>
    public RecipeOption(params string[] builtIn) : base("--recipe")
    {
        BuiltIn = builtIn;
        string named = builtIn.Length switch { 0 => "", 1 => $", or {builtIn[0]}", _ => $", or one of {string.Join(", ", builtIn)}" };
        string sized = builtIn.FirstOrDefault(Recipe.HasSize) is { } one ? $" ({one}-4x256 is {one} with 4 layers of width 256)" : "";
        Description = $"YAML file with any of these options{named}{sized}; the command line overrides it";
    }

    /// <summary>The recipes that come with the tool and are for this command.</summary>
    public IReadOnlyList<string> BuiltIn { get; }
}
